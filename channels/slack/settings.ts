import type { Environment } from '../../src/config/schema.ts';
import { AppError } from '../../src/errors.ts';

/** The variables that this channel reads. */
export type SlackEnvironment = Pick<
  Environment,
  | 'SLACK_BOT_TOKEN'
  | 'SLACK_APP_TOKEN'
  | 'SLACK_SIGNING_SECRET'
  | 'AIRLOCK_SLACK_PORT'
  | 'AIRLOCK_SLACK_HOST'
  | 'AIRLOCK_SLACK_COMMAND'
  | 'AIRLOCK_SLACK_CHANNEL'
  | 'AIRLOCK_SLACK_API_URL'
>;

/** How this channel reaches Slack: with `http` over HTTP, else by Socket Mode with the app token. */
export interface SlackSettings {
  botToken: string;
  /** Null exactly when `http` is not. */
  appToken: string | null;
  http: { host: string; port: number; signingSecret: string } | null;
  apiUrl: string;
}

/** The configuration has checked the kinds of the tokens. Throws CONFIG_INVALID when one that is needed is not set. */
export function readSettings(environment: SlackEnvironment): SlackSettings {
  const { AIRLOCK_SLACK_PORT: port, AIRLOCK_SLACK_HOST: host, AIRLOCK_SLACK_API_URL: apiUrl } = environment;
  const botToken = needed(environment, 'SLACK_BOT_TOKEN');
  if (port === undefined)
    return { botToken, appToken: needed(environment, 'SLACK_APP_TOKEN'), http: null, apiUrl };
  const signingSecret = needed(environment, 'SLACK_SIGNING_SECRET');
  return { botToken, appToken: null, http: { host, port, signingSecret }, apiUrl };
}

const WHERE = {
  SLACK_BOT_TOKEN: "the bot token (xoxb-…) stands under 'OAuth & Permissions' of the Slack app",
  SLACK_APP_TOKEN:
    "make an app-level token (xapp-…) with the scope connections:write under 'Basic Information' of the Slack app, or set AIRLOCK_SLACK_PORT and SLACK_SIGNING_SECRET for HTTP",
  SLACK_SIGNING_SECRET:
    "it stands under 'Basic Information' of the Slack app; or unset AIRLOCK_SLACK_PORT for Socket Mode",
} as const;

function needed(environment: SlackEnvironment, variable: keyof typeof WHERE): string {
  const value = environment[variable];
  if (value !== undefined) return value;
  throw new AppError('CONFIG_INVALID', `${variable} is not set, and the Slack channel needs it`, {
    hint: WHERE[variable],
  });
}
