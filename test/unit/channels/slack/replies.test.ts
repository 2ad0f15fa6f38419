import { describe, expect, test } from 'vitest';
import { createModals, type FormMemory } from '../../../../channels/slack/modals.ts';
import { type Asker, createReply } from '../../../../channels/slack/replies.ts';
import { createResponseUrl } from '../../../../channels/slack/response-url.ts';
import { createTrigger } from '../../../../channels/slack/triggers.ts';
import type { Form } from '../../../../src/conversation/channel.ts';
import { silentLogger } from '../../../../src/lib/logger.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { makeButton, makeCard } from '../../../fixtures/cards.ts';
import { createScriptedWeb, slackError } from './inbound-world.ts';

const API = 'https://slack.com/api/';
const URL_OF_SLACK = 'https://hooks.slack.com/actions/T1/1/x';
const FORM: Form = { title: 'Why?', text: [], inputs: [], submitLabel: 'Send' };
const PRESSED: FormMemory = {
  button: 'deny',
  subject: 'action1',
  hash: null,
  room: 'C1',
  thread: '1.1',
  shownIn: null,
};
const LONG = 'word '.repeat(8000);

/** One person waiting, and everything that is sent to them. */
function open(parts: Partial<Asker> = {}) {
  const clock = createManualClock();
  const web = createScriptedWeb();
  const posted: unknown[] = [];
  const platform = { status: 200 };
  const responseUrl = createResponseUrl(URL_OF_SLACK, {
    clock,
    apiUrl: API,
    fetch: async (_, init) => {
      posted.push(JSON.parse(typeof init?.body === 'string' ? init.body : '{}'));
      return new Response('ok', { status: platform.status });
    },
  });
  const modals = createModals({ web, log: silentLogger });
  const asker: Asker = {
    user: 'U1',
    room: 'C1',
    shownIn: null,
    responseUrl,
    trigger: createTrigger('trigger-1', clock),
    pressed: PRESSED,
    ...parts,
  };
  const reply = createReply({ web, modals, log: silentLogger }, asker);
  const methods = () => web.calls.map(({ method }) => method);
  return { clock, web, posted, platform, modals, reply, methods };
}

describe('a private answer', () => {
  test('takes the response URL, and after its five uses an ephemeral message in the room', async () => {
    const { reply, posted, web } = open({ shownIn: '1.1' });

    for (let at = 1; at <= 7; at += 1) await reply.private(makeCard({ title: `answer ${at}` }));

    expect(posted).toHaveLength(5);
    expect(posted[0]).toMatchObject({
      response_type: 'ephemeral',
      replace_original: false,
      thread_ts: '1.1',
    });
    expect(web.calls).toMatchObject([
      { method: 'chat.postEphemeral', args: { channel: 'C1', user: 'U1', thread_ts: '1.1' } },
      { method: 'chat.postEphemeral', args: { channel: 'C1', user: 'U1', thread_ts: '1.1' } },
    ]);
  });

  test('does not take a response URL of half an hour ago', async () => {
    const { reply, posted, clock, methods } = open();

    clock.advance(29 * 60_000);
    await reply.private(makeCard());

    expect(posted).toEqual([]);
    expect(methods()).toEqual(['chat.postEphemeral']);
  });

  test('goes on to the next way when one is refused', async () => {
    const { reply, platform, web, methods } = open();
    platform.status = 404;
    web.answer('chat.postEphemeral', slackError('user_not_in_channel'));

    await reply.private(makeCard());

    expect(methods()).toEqual(['chat.postEphemeral', 'chat.postMessage']);
    expect(web.calls[1]?.args).toMatchObject({ channel: 'U1' });
  });

  test('that no way took is not said to be given', async () => {
    const { reply, platform, web } = open();
    platform.status = 500;
    web.answer('chat.postEphemeral', slackError('internal_error', 'CHANNEL_TRANSIENT'));
    web.answer('chat.postMessage', slackError('internal_error', 'CHANNEL_TRANSIENT'));

    await expect(reply.private(makeCard())).rejects.toThrow('internal_error');
  });

  test('waits for no budget for long', async () => {
    const { reply, web } = open({ responseUrl: null });

    await reply.private(makeCard());

    expect(web.calls[0]?.options.maxWaitMs).toBeLessThanOrEqual(2000);
  });

  test('that is short stays a message with its buttons', async () => {
    const { reply, posted, methods } = open();

    await reply.private(makeCard({ buttons: [makeButton({ id: 'create', label: 'Create', subject: '' })] }));

    expect(JSON.stringify(posted)).toContain('airlock:create');
    expect(methods()).toEqual([]);
  });
});

describe('a long private answer', () => {
  const logs = makeCard({
    title: 'Logs of box',
    output: { text: LONG, totalBytes: LONG.length, fromByte: 0, truncated: false, live: false },
  });
  const help = makeCard({
    kind: 'help',
    title: 'Help',
    table: [
      ['Command', 'What it does'],
      ...Array.from({ length: 60 }, (_, at) => [`/agent c${at}`, LONG.slice(0, 80)]),
    ],
  });

  test('is a window while Slack opens one, and no message', async () => {
    const { reply, posted, web } = open({ pressed: { ...PRESSED, button: 'logs' } });

    await reply.private(logs);

    expect(web.calls).toMatchObject([{ method: 'views.open', args: { trigger_id: 'trigger-1' } }]);
    expect(web.calls[0]?.options.maxWaitMs).toBeLessThanOrEqual(2500);
    expect(posted).toEqual([]);
  });

  test('leaves the window for itself: a notice before it is a message', async () => {
    const { reply, posted, methods } = open({ pressed: { ...PRESSED, button: 'logs' } });

    await reply.private(makeCard({ kind: 'notice', title: 'slow today' }));
    await reply.private(logs);

    expect(posted).toHaveLength(1);
    expect(methods()).toEqual(['views.open']);
  });

  test('typed as a command is a window too, with all its words', async () => {
    const { reply, web } = open({ pressed: null });

    await reply.private(help);

    const shown = JSON.stringify(web.calls[0]?.args['view']);
    expect(shown).toContain('/agent c0');
    expect(shown).toContain('word word');
  });

  test('is leafed through by page, and a text that is gone says so', async () => {
    const { reply, modals, web } = open({ pressed: { ...PRESSED, button: 'view' } });
    const code = Array.from({ length: 8000 }, (_, at) => `line ${at}`).join('\n');
    await reply.private(makeCard({ code: { label: 'command', text: code } }));
    const view = web.calls[0]?.args['view'];
    const metadata =
      view !== null && typeof view === 'object' && 'private_metadata' in view ? view.private_metadata : '';

    await modals.turn('V1', String(metadata), 2);
    await modals.turn('V1', 'forgotten', 2);

    const pages = web.calls.map(({ args }) => JSON.stringify(args['view']));
    expect(pages[0]).toContain('line 0\\n');
    expect(pages[0]).toContain('airlock-page:next');
    expect(pages[1]).not.toContain('line 0\\n');
    expect(pages[1]).toContain('airlock-page:back');
    expect(pages[2]).toContain('not kept any longer');
    expect(web.calls[1]?.args).toMatchObject({ view_id: 'V1' });
  });

  test('whose window is not one of ours is not turned, and nothing is thrown', async () => {
    const { modals, methods } = open();

    await expect(modals.turn('V1', 'x'.repeat(3001), 2)).resolves.toBeUndefined();

    expect(methods()).toEqual([]);
  });

  test('is cut, and says how to see all, when the window comes too late', async () => {
    const { reply, posted, clock, methods } = open({ pressed: null });

    clock.advance(2500);
    await reply.private(logs);

    expect(methods()).toEqual([]);
    expect(JSON.stringify(posted)).toContain('ask once more');
  });

  test('is cut when Slack refuses the window', async () => {
    const { reply, posted, web } = open({ pressed: null });
    web.answer('views.open', slackError('expired_trigger_id'));

    await reply.private(logs);

    expect(JSON.stringify(posted)).toContain('ask once more');
  });

  test('of code that was not shown whole is not said to be given', async () => {
    const { reply, posted, clock } = open({ pressed: { ...PRESSED, button: 'view' } });

    clock.advance(2500);
    const showing = reply.private(makeCard({ code: { label: 'command', text: LONG } }));

    await expect(showing).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
    expect(JSON.stringify(posted)).toContain('ask once more');
  });

  test('takes the window once: what follows is a message', async () => {
    const { reply, posted, methods } = open({ pressed: null });

    await reply.private(logs);
    await reply.private(makeCard({ title: 'and then' }));

    expect(methods()).toEqual(['views.open']);
    expect(JSON.stringify(posted)).toContain('and then');
  });
});

describe('a form', () => {
  test('opens with what it belongs to', async () => {
    const { reply, web } = open();

    await reply.form(FORM);

    expect(web.calls).toMatchObject([
      {
        method: 'views.open',
        args: { trigger_id: 'trigger-1', view: { private_metadata: JSON.stringify(PRESSED) } },
      },
    ]);
  });

  test('after more than the platform waits asks to press again', async () => {
    const { reply, posted, clock, methods } = open();

    clock.advance(2500);
    await reply.form(FORM);

    expect(methods()).toEqual([]);
    expect(JSON.stringify(posted)).toContain('press the button again');
  });

  test('that Slack refuses asks to press again', async () => {
    const { reply, posted, web } = open();
    web.answer('views.open', slackError('expired_trigger_id'));

    await reply.form(FORM);

    expect(JSON.stringify(posted)).toContain('press the button again');
  });

  test('where nothing was pressed points to the button', async () => {
    const { reply, posted, methods } = open({ pressed: null });

    await reply.form(FORM);

    expect(methods()).toEqual([]);
    expect(JSON.stringify(posted)).toContain('from a button only');
  });
});

describe('an address for answers', () => {
  const clock = createManualClock();
  const isTaken = (address: string, apiUrl = API) => createResponseUrl(address, { clock, apiUrl }) !== null;

  test('is one of Slack, or none', () => {
    expect(isTaken('https://hooks.slack.com/commands/1')).toBe(true);
    expect(isTaken('https://hooks.slack-gov.com/commands/1')).toBe(true);
    for (const address of [
      'http://hooks.slack.com/commands/1',
      'https://hooks.slack.com.example.com/1',
      'https://evilslack.com/1',
      'http://169.254.169.254/latest',
      'file:///etc/passwd',
      'no address',
    ]) {
      expect(isTaken(address)).toBe(false);
    }
  });

  test('is that of the emulator only beside an emulator', () => {
    expect(isTaken('http://127.0.0.1:4000/response/1', 'http://127.0.0.1:4000/api/')).toBe(true);
    expect(isTaken('https://hooks.slack.com/commands/1', 'http://127.0.0.1:4000/api/')).toBe(false);
  });

  test('never shows in an error', async () => {
    const url = createResponseUrl(URL_OF_SLACK, {
      clock,
      apiUrl: API,
      fetch: async (address) => {
        throw new TypeError(`fetch failed: ${new Request(address).url}`);
      },
    });

    const failure = await url?.post({ text: 'x', blocks: [] }, null).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(Error);
    expect(String(failure)).not.toContain('hooks.slack.com');
  });

  test('that does not answer is given up', async () => {
    const patient = createManualClock();
    const url = createResponseUrl(URL_OF_SLACK, {
      clock: patient,
      apiUrl: API,
      fetch: (_, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
        }),
    });

    const posting = url?.post({ text: 'x', blocks: [] }, null);
    patient.advance(3000);

    await expect(posting).rejects.toMatchObject({ code: 'CHANNEL_TRANSIENT' });
  });
});
