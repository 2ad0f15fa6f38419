/** Every endpoint that the emulator has: method and template. */
export const ROUTES = [
  'GET /gateway',
  'GET /gateway/bot',
  'GET /users/@me',
  'GET /users/@me/guilds',
  'POST /users/@me/channels',
  'GET /users/:user',
  'GET /applications/@me',
  'GET /oauth2/applications/@me',
  'GET /applications/:application/commands',
  'POST /applications/:application/commands',
  'PUT /applications/:application/commands',
  'GET /applications/:application/commands/:command',
  'PATCH /applications/:application/commands/:command',
  'DELETE /applications/:application/commands/:command',
  'GET /applications/:application/guilds/:guild/commands',
  'POST /applications/:application/guilds/:guild/commands',
  'PUT /applications/:application/guilds/:guild/commands',
  'GET /applications/:application/guilds/:guild/commands/:command',
  'PATCH /applications/:application/guilds/:guild/commands/:command',
  'DELETE /applications/:application/guilds/:guild/commands/:command',
  'GET /applications/:application/guilds/:guild/commands/permissions',
  'PUT /applications/:application/guilds/:guild/commands/:command/permissions',
  'GET /guilds/:guild',
  'GET /guilds/:guild/channels',
  'GET /guilds/:guild/roles',
  'GET /guilds/:guild/members/@me',
  'GET /guilds/:guild/members/:user',
  'GET /guilds/:guild/threads/active',
  'GET /channels/:channel',
  'PATCH /channels/:channel',
  'DELETE /channels/:channel',
  'POST /channels/:channel/typing',
  'GET /channels/:channel/messages',
  'POST /channels/:channel/messages',
  'GET /channels/:channel/messages/:message',
  'PATCH /channels/:channel/messages/:message',
  'DELETE /channels/:channel/messages/:message',
  'PUT /channels/:channel/messages/pins/:message',
  'DELETE /channels/:channel/messages/pins/:message',
  'POST /channels/:channel/messages/:message/threads',
  'POST /channels/:channel/threads',
  'GET /channels/:channel/threads/archived/public',
  'GET /channels/:channel/thread-members',
  'PUT /channels/:channel/thread-members/:user',
  'DELETE /channels/:channel/thread-members/:user',
  'POST /interactions/:interaction/:token/callback',
  'POST /webhooks/:application/:token',
  'GET /webhooks/:application/:token/messages/:message',
  'PATCH /webhooks/:application/:token/messages/:message',
  'DELETE /webhooks/:application/:token/messages/:message',
] as const;

export type Route = (typeof ROUTES)[number];

const SHAPES = ROUTES.map((route) => {
  const [method = '', template = ''] = route.split(' ');
  const names = [...template.matchAll(/:(\w+)/g)].flatMap(([, name]) => name ?? []);
  return { route, method, names, pattern: new RegExp(`^${template.replaceAll(/:\w+/g, '([^/]+)')}$`) };
})
  // Fixed words win over parameters.
  .toSorted((a, b) => a.names.length - b.names.length);

/** The endpoint that answers a request, with what its path says. */
export function matchRoute(
  method: string,
  path: string,
): { route: Route; params: Record<string, string> } | null {
  for (const shape of SHAPES) {
    const found = shape.method === method ? shape.pattern.exec(path) : null;
    if (found !== null)
      return {
        route: shape.route,
        params: Object.fromEntries(
          shape.names.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')]),
        ),
      };
  }
  return null;
}

/** Needs no bot token and does not count for the global limit. */
export function isInteractionRoute(route: Route): boolean {
  return route.includes('/interactions/') || route.includes('/webhooks/');
}
