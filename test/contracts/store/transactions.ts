import { describe, expect, test } from 'vitest';
import { aNotice, anAgent, anAuditDraft } from '../../fixtures/records.ts';
import type { StoreHarness } from '../store.ts';

export function describeTransactions(harness: () => StoreHarness): void {
  describe('transactions', () => {
    test('returns what the work returned, and its writes are there afterwards', async () => {
      const { store } = harness();
      const agent = anAgent();
      const answer = await store.transaction(async (tx) => {
        await tx.insertAgent(agent);
        return 'done';
      });
      expect(answer).toBe('done');
      expect(await store.agent(agent.id)).toEqual(agent);
    });

    test('sees its own writes inside, while others see committed rows only', async () => {
      const { store } = harness();
      const agent = anAgent();
      const seen = await store.transaction(async (tx) => {
        await tx.insertAgent(agent);
        return { inside: await tx.agent(agent.id), outside: await store.agent(agent.id) };
      });
      expect(seen).toEqual({ inside: agent, outside: null });
    });

    test('throws on what the work threw, and nothing of it happened', async () => {
      const { store } = harness();
      const agent = anAgent();
      const failure = new Error('no');
      const attempt = store.transaction(async (tx) => {
        await tx.insertAgent(agent);
        await tx.appendEvent(aNotice());
        await tx.appendAudit(anAuditDraft());
        throw failure;
      });
      await expect(attempt).rejects.toBe(failure);
      expect(await store.agent(agent.id)).toBeNull();
      expect(await store.lastEventSeq()).toBe(0);
      expect(await store.auditHead()).toEqual({ seq: 0, hash: '0'.repeat(64) });
    });

    test('does the others of a hundred asked for at once although some throw', async () => {
      const { store } = harness();
      const outcomes = await Promise.allSettled(
        Array.from({ length: 100 }, (_, index) =>
          store.transaction(async (tx) => {
            const count = Number((await tx.setting('count')) ?? 0);
            await tx.setSetting('count', String(count + 1));
            await tx.appendEvent(aNotice(String(index)));
            await tx.appendAudit(anAuditDraft({ data: { index } }));
            if (index % 10 === 3) throw new Error(`refused ${index}`);
            return index;
          }),
        ),
      );
      expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(10);
      expect(await store.setting('count')).toBe('90');
      const events = await store.eventsAfter(0, 1000);
      expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: 90 }, (_, index) => index + 1));
      const texts = events.map(({ body }) => (body.type === 'team.notice' ? Number(body.text) : -1));
      expect(texts).toEqual(texts.toSorted((a, b) => a - b));
      expect((await store.auditHead()).seq).toBe(90);
    });

    test('refuses a transaction that is used after its work has ended', async () => {
      const { store } = harness();
      const leaked = await store.transaction(async (tx) => tx);
      await expect(leaked.setSetting('late', 'yes')).rejects.toMatchObject({ code: 'INTERNAL' });
      await expect(leaked.setting('late')).rejects.toMatchObject({ code: 'INTERNAL' });
      expect(await store.setting('late')).toBeNull();
    });

    test('refuses a transaction inside a transaction instead of waiting for itself', async () => {
      const { store } = harness();
      const attempt = store.transaction(() => store.transaction(async () => 'never'));
      await expect(attempt).rejects.toMatchObject({ code: 'INTERNAL' });
      expect(await store.transaction(async () => 'still works')).toBe('still works');
    });

    test('allows a transaction by what a transaction set off, once that one is over', async () => {
      const { store } = harness();
      const { promise: later, resolve } = Promise.withResolvers<void>();
      const followUp = await store.transaction(async () => ({
        result: later.then(() => store.transaction(async () => 'allowed')),
      }));
      resolve();
      expect(await followUp.result).toBe('allowed');
    });

    test('tells listeners the newest event after the commit that appended events, and nothing else', async () => {
      const { store } = harness();
      const heard: number[] = [];
      const listening = store.onCommit((seq) => heard.push(seq));

      await store.transaction((tx) => tx.appendEvent(aNotice()));
      await store.transaction((tx) => tx.setSetting('quiet', 'yes'));
      await expect(
        store.transaction(async (tx) => {
          await tx.appendEvent(aNotice());
          throw new Error('no');
        }),
      ).rejects.toThrow('no');
      await store.transaction(async (tx) => {
        await tx.appendEvent(aNotice());
        await tx.appendEvent(aNotice());
      });
      listening[Symbol.dispose]();
      await store.transaction((tx) => tx.appendEvent(aNotice()));

      expect(heard).toEqual([1, 3]);
    });

    test('lets a listener read what was committed, and survives one that throws', async () => {
      const { store } = harness();
      const { promise, resolve } = Promise.withResolvers<number>();
      store.onCommit(() => {
        throw new Error('a bad listener');
      });
      store.onCommit((seq) => void store.eventsAfter(seq - 1, 10).then((events) => resolve(events.length)));
      await store.transaction((tx) => tx.appendEvent(aNotice()));
      expect(await promise).toBe(1);
    });

    test('keeps everything over a restart, and numbers go on', async () => {
      const agent = anAgent();
      await harness().store.transaction(async (tx) => {
        await tx.insertAgent(agent);
        await tx.appendEvent(aNotice());
        await tx.appendAudit(anAuditDraft());
      });
      const store = await harness().reopen();
      expect(await store.agent(agent.id)).toEqual(agent);
      const [event, entry] = await store.transaction(async (tx) => [
        await tx.appendEvent(aNotice()),
        await tx.appendAudit(anAuditDraft()),
      ]);
      expect(event?.seq).toBe(2);
      expect(entry?.seq).toBe(2);
    });

    test('finishes what was asked before close, refuses what comes after, and closes twice', async () => {
      const { store } = harness();
      const accepted = Array.from({ length: 20 }, (_, index) =>
        store.transaction((tx) => tx.setSetting(`name-${index}`, 'kept')),
      );
      await Promise.all([store.close(), store.close()]);
      await Promise.all(accepted);
      await expect(store.transaction(async () => 1)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
      await expect(store.countLiveAgents()).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
      const again = await harness().reopen();
      expect(await again.setting('name-19')).toBe('kept');
    });

    test('keeps a setting’s newest value, null before the first', async () => {
      const { store } = harness();
      expect(await store.setting('cursor')).toBeNull();
      await store.transaction((tx) => tx.setSetting('cursor', '1'));
      await store.transaction((tx) => tx.setSetting('cursor', '2'));
      expect(await store.setting('cursor')).toBe('2');
    });

    test('makes a backup that holds what was committed', async () => {
      const { store } = harness();
      await store.transaction((tx) => tx.setSetting('kept', 'yes'));
      const [first, second] = await Promise.all([store.backup('daily'), store.backup('manual')]);
      expect(first).not.toBe(second);
    });
  });
}
