import type { Problem } from './problems.ts';
import type { Environment } from './schema.ts';

/** What the schema cannot see: variables that need each other. Never shows a secret. */
export function checkEnvironment(environment: Environment): Problem[] {
  return [...slackProblems(environment), ...discordProblems(environment)];
}

function discordProblems(environment: Environment): Problem[] {
  if (environment.DISCORD_BOT_TOKEN === undefined || environment.DISCORD_APPLICATION_ID !== undefined)
    return [];
  return [
    {
      where: 'DISCORD_APPLICATION_ID',
      value: null,
      allowed: 'add the id of the application (General Information on discord.com/developers)',
    },
  ];
}

function slackProblems(environment: Environment): Problem[] {
  const { AIRLOCK_SLACK_PORT: port, SLACK_SIGNING_SECRET: secret } = environment;
  if (port !== undefined && secret === undefined) {
    return [
      {
        where: 'AIRLOCK_SLACK_PORT',
        value: String(port),
        allowed:
          'add SLACK_SIGNING_SECRET (Basic Information of the app), or remove the port: then Socket Mode is used, with SLACK_APP_TOKEN',
      },
    ];
  }
  const connects = environment.SLACK_APP_TOKEN !== undefined || port !== undefined;
  if (environment.SLACK_BOT_TOKEN === undefined || connects) return [];
  return [
    {
      where: 'SLACK_APP_TOKEN',
      value: null,
      allowed:
        'add the app-level token (xapp-…, scope connections:write) for Socket Mode, or AIRLOCK_SLACK_PORT and SLACK_SIGNING_SECRET for requests over HTTP',
    },
  ];
}
