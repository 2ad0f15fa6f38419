import { describe, expect, test } from 'vitest';
import { createNames } from '../../../../channels/slack/names.ts';
import { silentLogger } from '../../../../src/lib/logger.ts';
import { createManualClock } from '../../../fakes/manual-clock.ts';
import { createScriptedWeb, slackError } from './inbound-world.ts';

function open() {
  const clock = createManualClock();
  const web = createScriptedWeb();
  return { clock, web, names: createNames({ web, clock, log: silentLogger }) };
}

describe('the name of a person', () => {
  test('is what Slack said beside a request, without asking', async () => {
    const { names, web } = open();
    names.remember('T1', 'U1', 'alice');
    names.remember('T1', 'U1', '');

    expect(await names.of('T1', 'U1')).toBe('alice');
    expect(web.calls).toEqual([]);
  });

  test('is asked for once, and is the one that the person chose', async () => {
    const { names, web } = open();
    web.answer('users.info', {
      user: { name: 'al', real_name: 'Alice Doe', profile: { display_name: 'alice' } },
    });

    const found = await Promise.all([names.of('T1', 'U1'), names.of('T1', 'U1')]);
    const later = await names.of('T1', 'U1');

    expect([...found, later]).toEqual(['alice', 'alice', 'alice']);
    expect(web.calls).toHaveLength(1);
  });

  test('is not that of a user of another workspace with the same id', async () => {
    const { names } = open();
    names.remember('T1', 'U1', 'alice');

    expect(await names.of('T2', 'U1')).not.toBe('alice');
  });

  test('is the id when Slack does not say, or not in time', async () => {
    const { names, web, clock } = open();
    web.answer('users.info', slackError('user_not_found'));
    const refused = await names.of('T1', 'U1');
    web.answer('users.info', () => new Promise(() => {}));

    const waiting = names.of('T1', 'U2');
    clock.advance(800);

    expect(refused).toBe('U1');
    expect(await waiting).toBe('U2');
  });

  test('is asked for again after a day, and the old one is shown meanwhile', async () => {
    const { names, web, clock } = open();
    names.remember('T1', 'U1', 'alice');
    web.answer('users.info', { user: { name: 'alice-smith' } });

    clock.advance(24 * 3_600_000);

    expect(await names.of('T1', 'U1')).toBe('alice-smith');
  });
});
