import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { PolicySource } from '../../../src/config/policy-source.ts';
import { type PolicyFile, policyFileSchema } from '../../../src/config/schema.ts';
import { AppError, type ErrorCode } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/lib/logger.ts';
import type { ActionRecord } from '../../../src/model/action.ts';
import type { AgentInstance } from '../../../src/model/agent.ts';
import type { AuditEntry } from '../../../src/model/audit.ts';
import type { Actor } from '../../../src/model/principal.ts';
import type { ThreadRef } from '../../../src/model/thread.ts';
import type { OrchestratorDeps } from '../../../src/orchestrator/context.ts';
import { createOrchestrator } from '../../../src/orchestrator/orchestrator.ts';
import { createPeople, type People, type PersonOrigin } from '../../../src/orchestrator/people.ts';
import type { ActionDraft, Orchestrator, VoteRequest } from '../../../src/orchestrator/types.ts';
import { createSkillRegistry } from '../../../src/skills/registry.ts';
import type { SkillManifest } from '../../../src/skills/skill.ts';
import { openStore } from '../../../src/store/sqlite/open-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { createFakeAgentManager, type FakeAgentManager } from '../../fakes/fake-agent-manager.ts';
import { createManualClock, type ManualClock } from '../../fakes/manual-clock.ts';

export const THREAD: ThreadRef = { channel: 'slack', space: 'T1', room: 'C1', thread: '1.2' };
const NODE = 'node-1';

/** alice and bob are operators, carol and dave approvers, erin and frank admins, vera a viewer; mallory is not listed. */
const PEOPLE = `
alice operator
bob operator
carol approver
dave approver
erin admin
frank admin
gina admin
vera viewer`
  .trim()
  .split('\n')
  .map((line) => {
    const [id = '', role = ''] = line.split(' ');
    return { id, principals: [`slack:T1:${id}`, `discord:${id}`], roles: [role] };
  });

/** What a policy file may say, beside the people above. */
export type PolicyText = Omit<Record<string, unknown>, never>;

export function policyOf(text: PolicyText = {}): PolicyFile {
  return policyFileSchema.parse({ people: PEOPLE, ...text });
}

export interface TestPolicy extends PolicySource {
  set(policy: PolicyFile): void;
  /** What `preview` finds and `reload` puts in force. */
  onDisk: { sha256: string; policy: PolicyFile } | AppError;
}

export function testPolicy(first: PolicyFile): TestPolicy {
  let policy = first;
  let sha256 = 'start';
  const read = () => {
    if (source.onDisk instanceof AppError) throw source.onDisk;
    return source.onDisk;
  };
  const source: TestPolicy = {
    onDisk: { sha256: 'next', policy: first },
    current: () => policy,
    currentSha256: () => sha256,
    preview: async () => ({ path: '/etc/airlock.yaml', sha256: read().sha256, warnings: [] }),
    async reload(expected) {
      const found = read();
      if (expected !== found.sha256) throw new AppError('RECHECK_FAILED', 'the file was changed');
      policy = found.policy;
      sha256 = found.sha256;
      return policy;
    },
    set(next) {
      policy = next;
    },
  };
  return source;
}

export interface Workbench extends AsyncDisposable {
  store: Store;
  clock: ManualClock;
  agents: FakeAgentManager;
  policy: TestPolicy;
  people: People;
  orchestrator: Orchestrator;
  /** By name as listed, under the principal of a channel. */
  who(name: string, channel?: 'slack' | 'discord'): Actor;
  resolve(origin: Partial<PersonOrigin> & { principal: string }): Actor;
  submit(draft: ActionDraft, as?: Actor, thread?: ThreadRef): Promise<ActionRecord>;
  /** Submits and waits for the end, or for an approval. */
  run(draft: ActionDraft, as?: Actor): Promise<ActionRecord>;
  approve(action: ActionRecord, as: Actor, more?: Partial<VoteRequest>): Promise<ActionRecord>;
  deny(action: ActionRecord, as: Actor, note?: string | null): Promise<ActionRecord>;
  /** A running agent of that person. */
  agent(name: string, owner?: Actor, draft?: Record<string, unknown>): Promise<AgentInstance>;
  audit(): Promise<AuditEntry[]>;
  /** Writes into the database behind Airlock's back. */
  tamper(sql: string, ...values: string[]): void;
  /** Ends this orchestrator as a crash does, and makes another on the same records. */
  restart(): Promise<void>;
}

export async function openWorkbench(
  options: {
    policy?: PolicyFile;
    channels?: readonly string[];
    admins?: readonly string[];
    skills?: readonly SkillManifest[];
    stillIn?: NonNullable<OrchestratorDeps['stillIn']>;
  } = {},
): Promise<Workbench> {
  const dataDir = await mkdtemp(join(tmpdir(), 'airlock-orchestrator-'));
  const path = join(dataDir, 'airlock.db');
  const clock = createManualClock();
  const store = await openStore({ path, dataDir, clock });
  const policy = testPolicy(options.policy ?? policyOf());
  const people = createPeople({
    policy,
    admins: options.admins ?? [],
    channels: options.channels ?? ['slack'],
  });
  const agents = createFakeAgentManager({ store, clock, nodeId: NODE });
  const environment = { AIRLOCK_EXEC_TIMEOUT: 30_000, AIRLOCK_TIME_TO_LIVE: 8 * 3_600_000 };
  const { stillIn } = options;
  const open = () =>
    createOrchestrator({
      ...(stillIn && { stillIn }),
      store,
      agents,
      policy,
      people,
      skills: createSkillRegistry(options.skills),
      environment,
      clock,
      log: silentLogger,
      nodeId: NODE,
    });

  const bench: Workbench = {
    store,
    clock,
    agents,
    policy,
    people,
    orchestrator: open(),
    who: (name, channel = 'slack') =>
      bench.resolve({ principal: channel === 'slack' ? `slack:T1:${name}` : `discord:${name}` }),
    resolve: (origin) => people.resolve({ displayName: origin.principal, groups: [], ...origin }),
    submit: (draft, as = bench.who('alice'), thread = THREAD) =>
      bench.orchestrator.submit(draft, { actor: as, thread, inboxId: null }),
    async run(draft, as) {
      const action = await bench.submit(draft, as);
      return bench.orchestrator.settled(action.id, { orWaiting: true });
    },
    approve: (action, as, more = {}) =>
      bench.orchestrator.vote({
        actionId: action.id,
        actor: as,
        decision: 'approve',
        hash: action.payloadHash,
        note: null,
        inboxId: null,
        ...more,
      }),
    deny: (action, as, note = 'too risky') =>
      bench.orchestrator.vote({
        actionId: action.id,
        actor: as,
        decision: 'deny',
        hash: null,
        note,
        inboxId: null,
      }),
    async agent(name, owner = bench.who('alice'), more = {}) {
      const created = await bench.run({ kind: 'agent.create', params: { name, ...more } }, owner);
      const agent = created.agentId === null ? null : await store.agent(created.agentId);
      if (agent === null || agent.status !== 'RUNNING') throw new Error(`${name} is not running`);
      return agent;
    },
    audit: () => store.auditAfter(0, 10_000),
    tamper(sql, ...values) {
      const database = new DatabaseSync(path);
      database.prepare(sql).run(...values);
      database.close();
    },
    async restart() {
      await bench.orchestrator.stop();
      bench.orchestrator = open();
      await bench.orchestrator.start();
    },
    async [Symbol.asyncDispose]() {
      await bench.orchestrator.stop();
      await store.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  await bench.orchestrator.start();
  return bench;
}

/** The code something was refused with; fails the test when it was not refused. */
export async function refusalOf(promise: Promise<unknown>): Promise<ErrorCode> {
  return (await errorOf(promise)).code;
}

export async function errorOf(promise: Promise<unknown>): Promise<AppError> {
  const outcome: unknown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (outcome instanceof AppError) return outcome;
  throw new Error('it was not refused with an AppError', { cause: outcome });
}
