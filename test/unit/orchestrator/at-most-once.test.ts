import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openWorkbench, policyOf } from './workbench.ts';

const STEP = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('approve' as const),
      who: fc.constantFrom('alice', 'bob', 'carol', 'dave', 'erin', 'vera', 'mallory'),
      channel: fc.constantFrom('slack' as const, 'discord' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('deny' as const),
      who: fc.constantFrom('alice', 'bob', 'dave'),
      channel: fc.constant('slack' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('cancel' as const),
      who: fc.constantFrom('alice', 'bob', 'erin'),
      channel: fc.constant('slack' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('wait' as const, 'restart' as const),
      who: fc.constant('alice'),
      channel: fc.constant('slack' as const),
    }),
  },
);

test('whatever people do at once, an action runs at most once and never without its quorum', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(STEP, fc.boolean()), { minLength: 1, maxLength: 14 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, quorum) => {
        await using bench = await openWorkbench({
          policy: policyOf({ levels: { high: { approvals: quorum } } }),
        });
        const action = await bench.submit({
          kind: 'agent.create',
          params: { name: 'net', limits: { networkEnabled: true } },
        });
        let together: Promise<unknown>[] = [];
        for (const [step, together_] of steps) {
          const actor = bench.who(step.who, step.channel);
          if (step.do === 'approve') together.push(bench.approve(action, actor));
          if (step.do === 'deny') together.push(bench.deny(action, actor));
          if (step.do === 'cancel')
            together.push(bench.orchestrator.cancel({ actionId: action.id, actor, inboxId: null }));
          if (step.do === 'wait') bench.clock.advance(1_500_000);
          if (step.do === 'restart' || !together_) {
            await Promise.allSettled(together);
            together = [];
          }
          if (step.do === 'restart') await bench.restart();
        }
        await Promise.allSettled(together);
        bench.clock.advance(3_600_000);
        const settled = await bench.orchestrator.settled(action.id);

        const votes = await bench.store.votes(action.id);
        const approvers = new Set(
          votes.filter(({ decision }) => decision === 'approve').map(({ personId }) => personId),
        );
        expect(votes).toHaveLength(new Set(votes.map(({ personId }) => personId)).size);
        expect([...approvers].every((id) => ['carol', 'dave', 'erin'].includes(id))).toBe(true);
        expect(bench.agents.began.length).toBeLessThanOrEqual(1);
        if (bench.agents.began.length === 1) {
          expect(settled.status).toBe('COMPLETED');
          expect(approvers.size).toBeGreaterThanOrEqual(quorum);
          expect(votes.some(({ decision }) => decision === 'deny')).toBe(false);
        } else {
          expect(['REJECTED', 'EXPIRED', 'CANCELLED']).toContain(settled.status);
          expect(await bench.store.liveAgentByName('net')).toBeNull();
        }
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);
