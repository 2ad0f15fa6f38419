import type { App } from '@slack/bolt';
import { toAppError } from '../../src/errors.ts';
import { onCommand } from './doors/command.ts';
import { createDoorway, type Doorway, type InboundDeps } from './doors/doorway.ts';
import { onHomeOpened } from './doors/home-opened.ts';
import { onMention } from './doors/mention.ts';
import { onPress } from './doors/press.ts';
import { onSubmit } from './doors/submit.ts';

/** What comes in from Slack. */
export interface Inbound {
  /** Begins to keep memberships of user groups and rooms fresh. Twice is once. */
  start(): void;
  /** The bot said something: App Homes that are looked at follow. */
  stirHomes(): void;
  /** See `Channel.stillIn`. */
  stillIn: Doorway['stillIn'];
  stop(): void;
}

/**
 * Hands what people do on Slack to the inbox: the slash command, mentions, buttons, forms, App Home. Every request is acknowledged
 * in time; nothing here throws into the library.
 */
export function registerListeners(app: App, deps: InboundDeps): Inbound {
  const { log } = deps;
  const doorway = createDoorway(deps);

  async function guarded(door: string, work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      const error = toAppError(thrown);
      log.error({ door, err: error.cause ?? error }, 'a request of Slack failed');
    }
  }

  // Whatever the app's command is called, it is ours: Slack sends an app no other one.
  app.command(/^/, ({ body, ack }) => guarded('slash command', () => onCommand(doorway, body, () => ack())));
  app.event('app_mention', ({ body }) => guarded('mention', () => onMention(doorway, body)));
  app.event('app_home_opened', ({ body }) => guarded('app home', () => onHomeOpened(doorway, body)));
  app.action({ type: 'block_actions' }, ({ body, ack }) =>
    guarded('block action', () => onPress(doorway, body, () => ack())),
  );
  app.view({ type: 'view_submission' }, ({ body, ack }) =>
    guarded('view submission', () => onSubmit(doorway, body, () => ack())),
  );
  return {
    start: () => doorway.start(),
    stirHomes: () => doorway.stirHomes(),
    stillIn: (principal, groups) => doorway.stillIn(principal, groups),
    stop: () => doorway.stop(),
  };
}
