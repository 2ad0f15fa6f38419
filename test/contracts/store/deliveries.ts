import { describe, expect, test } from 'vitest';
import type { DeliveryRecord, DeliverySubject } from '../../../src/model/delivery.ts';
import type { Store } from '../../../src/store/store.ts';
import { aDelivery, aNotice, aThread, anAction, anAgent, anInboxEntry } from '../../fixtures/records.ts';
import type { StoreHarness } from '../store.ts';

export function describeDeliveries(harness: () => StoreHarness): void {
  describe('deliveries', () => {
    test('keeps one delivery a key, in its newest form', async () => {
      const { store } = harness();
      const first = aDelivery('k', { opensThread: true, subject: { type: 'event', seq: 9 } });
      await put(store, first);
      expect(await store.delivery('k')).toEqual(first);
      const posted = {
        ...first,
        shownSeq: 1,
        maybePosted: true,
        attempts: 2,
        lastError: 'x',
        message: { thread: aThread('t'), messageId: 'm' },
      };
      await put(store, posted);
      expect(await store.delivery('k')).toEqual(posted);
      expect(await store.delivery('other')).toBeNull();
    });

    test('tells what is due: wanted after shown, not dead, its time come, on that channel', async () => {
      const { store } = harness();
      await put(
        store,
        aDelivery('due', { thread: aThread('1'), nextAttemptAt: 10 }),
        aDelivery('later', { thread: aThread('2'), nextAttemptAt: 11 }),
        aDelivery('shown', { thread: aThread('3'), shownSeq: 1 }),
        aDelivery('dead', { thread: aThread('4'), deadReason: 'thread gone' }),
        aDelivery('elsewhere', { channel: 'slack' }),
      );
      expect(await due(store, 10)).toEqual(['due']);
      expect(await due(store, 9)).toEqual([]);
      expect(await due(store, 11)).toEqual(['due', 'later']);
    });

    test('orders by priority, then by the event that called for it, up to a limit', async () => {
      const { store } = harness();
      await put(
        store,
        aDelivery('output', { priority: 2, firstSeq: 1, thread: aThread('1') }),
        aDelivery('status-9', { priority: 1, firstSeq: 9, wantedSeq: 9, thread: aThread('2') }),
        aDelivery('status-3', { priority: 1, firstSeq: 3, wantedSeq: 3, thread: aThread('3') }),
        aDelivery('approval', { priority: 0, firstSeq: 7, wantedSeq: 7, thread: aThread('4') }),
      );
      expect(await due(store, 0)).toEqual(['approval', 'status-3', 'status-9', 'output']);
      expect((await store.dueDeliveries('terminal', 0, 2)).map(({ key }) => key)).toEqual([
        'approval',
        'status-3',
      ]);
    });

    test('gives only the oldest post of a thread, due or not, and every edit and file', async () => {
      const { store } = harness();
      const message = { thread: aThread('a'), messageId: 'm' };
      await put(
        store,
        aDelivery('a-1', { thread: aThread('a'), firstSeq: 1, nextAttemptAt: 100 }),
        aDelivery('a-2', { thread: aThread('a'), firstSeq: 2, wantedSeq: 2 }),
        aDelivery('a-0-edit', { thread: aThread('a'), firstSeq: 0, wantedSeq: 3, message }),
        aDelivery('a-3-edit', { thread: aThread('a'), firstSeq: 3, wantedSeq: 4, message }),
        aDelivery('b-5', { thread: aThread('b'), firstSeq: 5, wantedSeq: 5 }),
        aDelivery('room-6', { thread: aThread(null), firstSeq: 6, wantedSeq: 6 }),
        aDelivery('a-file', { thread: aThread('a'), firstSeq: 7, wantedSeq: 7, subject: file('a') }),
        aDelivery('b-file', { thread: aThread('b'), firstSeq: 0, subject: file('b'), nextAttemptAt: 999 }),
      );
      expect(await due(store, 50)).toEqual(['a-0-edit', 'a-3-edit', 'b-5', 'room-6', 'a-file']);
      expect(await due(store, 100)).toEqual(['a-0-edit', 'a-1', 'a-3-edit', 'b-5', 'room-6', 'a-file']);
    });

    test('has the post of a thread as urgent as what waits behind it', async () => {
      const { store } = harness();
      await put(
        store,
        aDelivery('other', { thread: aThread('b'), firstSeq: 1 }),
        aDelivery('first', { thread: aThread('a'), firstSeq: 2 }),
        aDelivery('approval', { thread: aThread('a'), firstSeq: 3, priority: 0 }),
      );
      const found = await store.dueDeliveries('terminal', 0, 10);
      expect(found.map(({ key, priority, urgency }) => [key, priority, urgency])).toEqual([
        ['first', 1, 0],
        ['other', 1, 1],
      ]);
    });

    test('a long queue in one thread hides no other thread', async () => {
      const { store } = harness();
      await put(
        store,
        ...Array.from({ length: 50 }, (_, index) => aDelivery(`flood-${index}`, { firstSeq: index })),
        aDelivery('late', { thread: aThread('quiet'), firstSeq: 100, wantedSeq: 100 }),
      );
      expect((await store.dueDeliveries('terminal', 0, 2)).map(({ key }) => key)).toEqual([
        'flood-0',
        'late',
      ]);
      expect(await store.openDeliveries('terminal')).toHaveLength(51);
    });

    test('is not held back by an older post that is dead or shown', async () => {
      const { store } = harness();
      await put(
        store,
        aDelivery('dead', { firstSeq: 1, nextAttemptAt: 100, deadReason: 'bot removed' }),
        aDelivery('superseded', { firstSeq: 2, wantedSeq: 2, shownSeq: 2, nextAttemptAt: 100 }),
        aDelivery('next', { firstSeq: 3, wantedSeq: 3 }),
      );
      expect(await due(store, 0)).toEqual(['next']);
    });

    test('tells when the next one is due, and which are dead, newest first', async () => {
      const { store } = harness();
      expect(await store.nextDeliveryAt('terminal')).toBeNull();
      await put(
        store,
        aDelivery('later', { nextAttemptAt: 20 }),
        aDelivery('sooner', { nextAttemptAt: 10 }),
        aDelivery('dead-1', { wantedSeq: 1, deadReason: 'thread gone' }),
        aDelivery('dead-2', { wantedSeq: 2, deadReason: 'thread gone' }),
        aDelivery('shown', { shownSeq: 1 }),
      );
      expect(await store.nextDeliveryAt('terminal')).toBe(10);
      expect(await store.nextDeliveryAt('terminal', 10)).toBe(20);
      expect(await store.nextDeliveryAt('terminal', 20)).toBeNull();
      expect((await store.deadDeliveries(10)).map(({ key }) => key)).toEqual(['dead-2', 'dead-1']);
      expect(await store.deadDeliveries(1)).toHaveLength(1);
    });
  });

  describe('prune', () => {
    const everything = (now: number) => ({ inbox: now + 1, deliveries: now + 1, events: now + 1 });

    test('drops old settled requests and keeps unsettled and young ones', async () => {
      const { store } = harness();
      await store.transaction(async (tx) => {
        await tx.insertInbox(anInboxEntry('old', { receivedAt: 1 }));
        await tx.insertInbox(anInboxEntry('open', { receivedAt: 1 }));
        await tx.insertInbox(anInboxEntry('young', { receivedAt: 10 }));
        await tx.settleInbox('old', null);
        await tx.settleInbox('young', null);
        await tx.prune({ inbox: 10, deliveries: 0, events: 0 });
      });
      expect(await store.inboxEntry('old')).toBeNull();
      expect(await store.inboxEntry('open')).not.toBeNull();
      expect(await store.inboxEntry('young')).not.toBeNull();
    });

    test('drops shown cards, but none that waits, is dead, or shows what still lives', async () => {
      const { store, clock } = harness();
      const live = anAgent();
      const gone = anAgent({ status: 'STOPPED' });
      const open = anAction({ status: 'EXECUTING' });
      await store.transaction(async (tx) => {
        await tx.insertAgent(live);
        await tx.insertAgent(gone);
        await tx.insertAction(open);
        await tx.putDelivery(aDelivery('live', { shownSeq: 1, subject: { type: 'agent', id: live.id } }));
        await tx.putDelivery(aDelivery('gone', { shownSeq: 1, subject: { type: 'agent', id: gone.id } }));
        await tx.putDelivery(aDelivery('running', { shownSeq: 1, subject: { type: 'action', id: open.id } }));
        await tx.putDelivery(aDelivery('waits', { subject: { type: 'event', seq: 1 } }));
        await tx.putDelivery(aDelivery('dead', { deadReason: 'gone', subject: { type: 'event', seq: 1 } }));
        await tx.putDelivery(aDelivery('old', { shownSeq: 1, subject: { type: 'event', seq: 1 } }));
      });
      clock.advance(1_000);
      const young = aDelivery('young', { shownSeq: 1, subject: { type: 'event', seq: 1 } });
      await store.transaction(async (tx) => {
        await tx.putDelivery(young);
        await tx.prune({ inbox: 0, deliveries: clock.now(), events: 0 });
      });
      const left = await Promise.all(
        ['live', 'gone', 'running', 'waits', 'dead', 'old', 'young'].map((key) => store.delivery(key)),
      );
      const keys = left.map((delivery) => delivery?.key ?? '-');
      expect(keys).toEqual(['live', '-', 'running', 'waits', 'dead', '-', 'young']);
    });

    test('drops old events, but not the newest nor one a card has yet to show, and never gives a number twice', async () => {
      const { store, clock } = harness();
      await store.transaction(async (tx) => {
        for (let index = 0; index < 5; index += 1) await tx.appendEvent(aNotice());
        await tx.putDelivery(aDelivery('k', { subject: { type: 'event', seq: 2 } }));
        await tx.prune(everything(clock.now()));
      });
      expect((await store.eventsAfter(0, 10)).map(({ seq }) => seq)).toEqual([2, 5]);
      expect(await store.lastEventSeq()).toBe(5);
      const next = await store.transaction((tx) => tx.appendEvent(aNotice()));
      expect(next.seq).toBe(6);
    });

    test('keeps who read what still waits, forgets it of what does not, and touches no other setting', async () => {
      const { store } = harness();
      const waits = anAction({ status: 'PENDING' });
      const decided = anAction({ status: 'REJECTED' });
      const names = [`viewed:${waits.id}:alice`, `viewed:${decided.id}:alice`, 'viewed', 'other'];
      await store.transaction(async (tx) => {
        await tx.insertAction(waits);
        await tx.insertAction(decided);
        for (const name of names) await tx.setSetting(name, 'x');
        await tx.prune({ inbox: 0, deliveries: 0, events: 0 });
      });
      const left = await Promise.all(names.map((name) => store.setting(name)));
      expect(left).toEqual(['x', null, 'x', 'x']);
    });

    test('keeps actions, agents and the audit whatever their age', async () => {
      const { store, clock } = harness();
      const agent = anAgent({ status: 'STOPPED', cleaned: true });
      const action = anAction({ status: 'COMPLETED' });
      await store.transaction(async (tx) => {
        await tx.insertAgent(agent);
        await tx.insertAction(action);
        await tx.appendAudit({ type: 'x', actionId: null, agentId: null, actor: 'system', data: {} });
        await tx.prune(everything(clock.now()));
      });
      expect(await store.agent(agent.id)).not.toBeNull();
      expect(await store.action(action.id)).not.toBeNull();
      expect((await store.auditHead()).seq).toBe(1);
    });
  });
}

function put(store: Store, ...deliveries: DeliveryRecord[]): Promise<void> {
  return store.transaction(async (tx) => {
    for (const delivery of deliveries) await tx.putDelivery(delivery);
  });
}

function file(actionId: string): DeliverySubject {
  return { type: 'file', actionId, what: 'output' };
}

async function due(store: Store, now: number): Promise<string[]> {
  return (await store.dueDeliveries('terminal', now, 100)).map(({ key }) => key);
}
