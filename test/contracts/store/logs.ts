import { describe, expect, test } from 'vitest';
import { AUDIT_GENESIS, auditHash } from '../../../src/model/audit.ts';
import type { EventBody } from '../../../src/model/event.ts';
import { aNotice, aThread, anAuditDraft, anInboxEntry } from '../../fixtures/records.ts';
import type { StoreHarness } from '../store.ts';

export function describeLogs(harness: () => StoreHarness): void {
  describe('events', () => {
    test('numbers them without gaps and gives every kind back as it was', async () => {
      const { store, clock } = harness();
      const bodies: EventBody[] = [
        { type: 'agent.status', agentId: 'a', from: null, to: 'PENDING', reason: null },
        { type: 'agent.changed', agentId: 'a', what: 'thread' },
        { type: 'agent.warning', agentId: 'a', reason: 'idle', stopsAt: 5 },
        { type: 'action.status', actionId: 'b', from: 'PENDING', to: 'APPROVED' },
        { type: 'action.vote', actionId: 'b', personId: 'bob', decision: 'approve' },
        { type: 'notice', thread: aThread('t'), title: 'T', text: 'x', tone: 'warning' },
        aNotice(),
      ];
      const appended = await store.transaction(async (tx) => {
        const events = [];
        for (const body of bodies) events.push(await tx.appendEvent(body));
        return events;
      });
      expect(appended).toEqual(bodies.map((body, index) => ({ seq: index + 1, at: clock.now(), body })));
      expect(await store.eventsAfter(0, 100)).toEqual(appended);
      expect(await store.eventsAfter(2, 2)).toEqual(appended.slice(2, 4));
      expect(await store.event(4)).toEqual(appended[3]);
      expect(await store.event(99)).toBeNull();
      expect(await store.lastEventSeq()).toBe(7);
    });

    test('tells the status history of one agent or action, oldest first, the last hundred', async () => {
      const { store } = harness();
      await store.transaction(async (tx) => {
        for (let index = 0; index < 120; index += 1) {
          await tx.appendEvent({
            type: 'agent.status',
            agentId: 'a',
            from: null,
            to: 'PENDING',
            reason: `${index}`,
          });
        }
        await tx.appendEvent({ type: 'agent.changed', agentId: 'a', what: 'thread' });
        await tx.appendEvent({ type: 'agent.status', agentId: 'b', from: null, to: 'PENDING', reason: null });
        await tx.appendEvent({ type: 'action.status', actionId: 'a', from: null, to: 'PENDING' });
      });
      const history = await store.statusHistory({ agentId: 'a' });
      expect(history).toHaveLength(100);
      expect(history[0]?.seq).toBe(21);
      expect(history.at(-1)?.seq).toBe(120);
      expect(await store.statusHistory({ actionId: 'a' })).toHaveLength(1);
      expect(await store.statusHistory({ actionId: 'b' })).toEqual([]);
    });
  });

  describe('audit', () => {
    test('chains each entry to the one before', async () => {
      const { store, clock } = harness();
      const first = await store.transaction((tx) => tx.appendAudit(anAuditDraft()));
      const second = await store.transaction((tx) => tx.appendAudit(anAuditDraft({ type: 'vote' })));
      expect(first).toMatchObject({ seq: 1, at: clock.now(), previousHash: AUDIT_GENESIS });
      expect(second).toMatchObject({ seq: 2, previousHash: first.hash, hash: auditHash(second) });
      expect(await store.auditHead()).toEqual({ seq: 2, hash: second.hash });
      expect(await store.auditAfter(0, 10)).toEqual([first, second]);
      expect(await store.auditAfter(1, 10)).toEqual([second]);
      expect(await store.auditLast(1)).toEqual([second]);
    });

    test('returns an entry as it will be read, so that its hash can be checked either way', async () => {
      const { store } = harness();
      const data = { z: 1e21, a: -0, left: undefined, text: '\u0000 ☃ "', list: [1.5, null, { y: 1, x: 2 }] };
      const entry = await store.transaction((tx) => tx.appendAudit(anAuditDraft({ data })));
      const [read] = await store.auditLast(1);
      expect(read).toEqual(entry);
      expect(read).toBeDefined();
      if (read !== undefined) expect(auditHash(read)).toBe(entry.hash);
    });

    test('refuses what JSON cannot say, and the chain goes on', async () => {
      const { store } = harness();
      const bad = store.transaction((tx) => tx.appendAudit(anAuditDraft({ data: { n: Number.NaN } })));
      await expect(bad).rejects.toThrow(TypeError);
      const good = await store.transaction((tx) => tx.appendAudit(anAuditDraft()));
      expect(good.seq).toBe(1);
    });
  });

  describe('inbox', () => {
    test('accepts a delivery id once, also when twenty come at the same time', async () => {
      const { store } = harness();
      const entry = anInboxEntry('terminal:1');
      const accepted = await Promise.all(
        Array.from({ length: 20 }, () => store.transaction((tx) => tx.insertInbox(entry))),
      );
      expect(accepted.filter(Boolean)).toHaveLength(1);
      expect(await store.inboxEntry('terminal:1')).toEqual(entry);
      expect(await store.inboxEntry('terminal:2')).toBeNull();
    });

    test('lists what is unsettled on this node, oldest first, until it is settled', async () => {
      const { store, clock } = harness();
      await store.transaction(async (tx) => {
        await tx.insertInbox(anInboxEntry('late', { receivedAt: 2 }));
        await tx.insertInbox(anInboxEntry('early', { receivedAt: 1 }));
        await tx.insertInbox(anInboxEntry('elsewhere', { nodeId: 'other' }));
      });
      const ids = async () => (await store.unsettledInbox('node')).map(({ deliveryId }) => deliveryId);
      expect(await ids()).toEqual(['early', 'late']);
      await store.transaction((tx) => tx.settleInbox('early', 'action'));
      expect(await ids()).toEqual(['late']);
      expect(await store.inboxEntry('early')).toMatchObject({ settledAt: clock.now(), actionId: 'action' });
    });

    test('keeps the first settlement', async () => {
      const { store } = harness();
      await store.transaction((tx) => tx.insertInbox(anInboxEntry('one')));
      await store.transaction((tx) => tx.settleInbox('one', 'first'));
      await store.transaction((tx) => tx.settleInbox('one', null));
      expect(await store.inboxEntry('one')).toMatchObject({ actionId: 'first' });
    });
  });
}
