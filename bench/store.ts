import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock } from '../src/lib/clock.ts';
import { silentLogger } from '../src/lib/logger.ts';
import { openStore } from '../src/store/sqlite/open-store.ts';
import type { Store } from '../src/store/store.ts';
import { aDelivery, anAction, anAgent, anInboxEntry } from '../test/fixtures/records.ts';
import { type BenchLine, budgeted, median } from './bench-line.ts';

const ROUNDS = 200;
const AGENTS = 1_000;
const ACTIONS = 10_000;

/** What a durable action and recovery cost in the store, on the disk of the temporary directory. */
export async function benchStore(): Promise<BenchLine[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'airlock-bench-'));
  const path = join(dataDir, 'airlock.db');
  const open = () => openStore({ path, dataDir, clock: systemClock, log: silentLogger });
  try {
    const store = await open();
    const action = await benchAction(store, dataDir);
    const together = await benchTogether(store);
    await fill(store);
    await store.close();
    const recovery = await benchRecovery(open);
    return [...action, together, ...recovery];
  } finally {
    await rm(dataDir, { recursive: true });
  }
}

/** A command's three commits (accepted, executing, finished) against one bare commit, taken in turns. */
async function benchAction(store: Store, dataDir: string): Promise<BenchLine[]> {
  const bare = new DatabaseSync(join(dataDir, 'bare.db'));
  bare.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE bare (id INTEGER PRIMARY KEY, text TEXT)',
  );
  const insert = bare.prepare('INSERT INTO bare (text) VALUES (?)');
  const agent = anAgent();
  await store.transaction((tx) => tx.insertAgent(agent));

  const bareMs: number[] = [];
  const actionMs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    bareMs.push(await timed(async () => void insert.run('x'.repeat(100))));
    actionMs.push(await timed(() => fullAction(store, agent.id)));
  }
  bare.close();
  const [one, full] = [median(bareMs), median(actionMs)];
  return [
    { name: 'bare SQLite durable commit', value: one, unit: 'ms' },
    { name: 'durable full action', value: full, unit: 'ms' },
    budgeted({ name: 'durable full action over one bare commit', value: full / one, unit: 'x', budget: 8 }),
  ];
}

/** The rows an exec of one's own agent writes. */
async function fullAction(store: Store, agentId: string): Promise<void> {
  const action = anAction({ agentId, status: 'APPROVED', level: 'MEDIUM', approval: null, expiresAt: null });
  const audit = { actionId: action.id, agentId, actor: action.requester };
  await store.transaction(async (tx) => {
    await tx.insertAction(action);
    await tx.appendEvent({ type: 'action.status', actionId: action.id, from: null, to: 'APPROVED' });
    await tx.appendAudit({
      type: 'action.submitted',
      ...audit,
      data: { hash: action.payloadHash, rule: action.rule },
    });
  });
  await store.transaction(async (tx) => {
    await tx.updateAction(action.id, ['APPROVED'], { status: 'EXECUTING', startedAt: 1 });
    await tx.appendEvent({ type: 'action.status', actionId: action.id, from: 'APPROVED', to: 'EXECUTING' });
  });
  await store.transaction(async (tx) => {
    await tx.updateAction(action.id, ['EXECUTING'], {
      status: 'COMPLETED',
      finishedAt: 2,
      result: { message: 'exit code 0' },
    });
    await tx.updateAgent(agentId, { from: ['RUNNING'] }, { lastUsedAt: 2 });
    await tx.appendEvent({ type: 'action.status', actionId: action.id, from: 'EXECUTING', to: 'COMPLETED' });
    await tx.appendAudit({
      type: 'action.finished',
      ...audit,
      data: { exitCode: 0, cause: 'exited', durationMs: 12 },
    });
  });
}

/** Transactions that wait at the same time share a commit. */
async function benchTogether(store: Store): Promise<BenchLine> {
  const count = 500;
  const total = await timed(async () => {
    const entries = Array.from({ length: count }, (_, index) => anInboxEntry(`bench:${index}`));
    await Promise.all(entries.map((entry) => store.transaction((tx) => tx.insertInbox(entry))));
  });
  return { name: 'durable transaction, 500 at once', value: total / count, unit: 'ms' };
}

async function fill(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    for (let index = 0; index < AGENTS; index += 1) await tx.insertAgent(anAgent({ createdAt: index }));
    for (let index = 0; index < ACTIONS; index += 1) {
      const status = index % 2 === 0 ? 'PENDING' : 'EXECUTING';
      await tx.insertAction(anAction({ createdAt: index, status }));
      await tx.putDelivery(aDelivery(`bench|${index}`, { firstSeq: index, wantedSeq: index + 1 }));
      await tx.insertInbox(anInboxEntry(`recovery:${index}`));
    }
  });
}

/** What a start reads: every live agent, every open action, what expired, the unsettled inbox and the due deliveries. */
async function benchRecovery(open: () => Promise<Store>): Promise<BenchLine[]> {
  let store: Store | null = null;
  const openMs = await timed(async () => {
    store = await open();
  });
  const opened = store ?? (await open());
  const readMs = await timed(async () => {
    await opened.agents({ live: true, limit: AGENTS + 1 });
    await opened.actions({ statuses: ['PENDING', 'APPROVED', 'EXECUTING'], limit: ACTIONS });
    await opened.actionsToExpire(Number.MAX_SAFE_INTEGER);
    await opened.nextActionExpiry();
    await opened.unsettledInbox('node');
    await opened.dueDeliveries('terminal', Number.MAX_SAFE_INTEGER, 100);
  });
  await opened.close();
  const note = `${AGENTS} agents, ${ACTIONS} actions, requests and deliveries each`;
  return [
    { name: 'open the database, checked', value: openMs, unit: 'ms', note },
    budgeted({ name: 'open and recovery reads', value: openMs + readMs, unit: 'ms', budget: 1_000, note }),
  ];
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
