import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { Core } from './core.ts';

const INTENTS = {
  guilds: 1 << 0,
  members: 1 << 1,
  presences: 1 << 8,
  guildMessages: 1 << 9,
  directMessages: 1 << 12,
  messageContent: 1 << 15,
} as const;

export const KNOWN_INTENTS = 0x3_21_ff_ff;

/** Intents of which the developer portal must know, by their names in the options. */
export const PRIVILEGED = {
  members: INTENTS.members,
  presences: INTENTS.presences,
  'message-content': INTENTS.messageContent,
} as const;

/** A session of a client; it outlives its sockets. */
export interface Session {
  id: string;
  intents: number;
  sequence: number;
  log: { s: number; t: string; d: unknown }[];
  socket: WebSocket | null;
  lostAt: number | null;
  dead: boolean;
}

export function createSession(intents: number, socket: WebSocket): Session {
  return {
    id: randomBytes(16).toString('hex'),
    intents,
    sequence: 0,
    log: [],
    socket,
    lostAt: null,
    dead: false,
  };
}

export function isResumable(core: Core, session: Session): boolean {
  return (
    !session.dead && (session.lostAt === null || core.clock.now() - session.lostAt < core.limits.resumeMs)
  );
}

function intentsFor(event: string, isDirect: boolean): number {
  if (event.startsWith('MESSAGE_')) return isDirect ? INTENTS.directMessages : INTENTS.guildMessages;
  if (event.startsWith('GUILD_MEMBER')) return INTENTS.members;
  if (/^(GUILD|CHANNEL|THREAD)_/.test(event)) return INTENTS.guilds;
  return 0;
}

/** The event as this session may see it; null: it did not ask for such events. */
export function seenBy(core: Core, session: Session, event: string, data: unknown): unknown {
  const isRecord = typeof data === 'object' && data !== null;
  const room = isRecord && 'channel_id' in data ? core.world.rooms.get(String(data.channel_id)) : undefined;
  const isDirect = (room?.recipientId ?? null) !== null;
  const needed = intentsFor(event, isDirect);
  if (needed !== 0 && (session.intents & needed) === 0) return null;
  if (!event.startsWith('MESSAGE_') || !isRecord || !('content' in data)) return data;
  const author = 'author' in data ? JSON.stringify(data.author) : '';
  const readable =
    (session.intents & INTENTS.messageContent) !== 0 ||
    isDirect ||
    author.includes(`"id":"${core.world.bot.id}"`) ||
    String(data.content).includes(`<@${core.world.bot.id}>`);
  return readable ? data : { ...data, content: '', embeds: [], attachments: [], components: [] };
}

/** Numbers the event and sends it, or keeps it for the resume. */
export function deliver(session: Session, t: string, d: unknown): void {
  session.sequence += 1;
  const entry = { s: session.sequence, t, d };
  session.log.push(entry);
  session.socket?.send(JSON.stringify({ op: 0, ...entry }));
}
