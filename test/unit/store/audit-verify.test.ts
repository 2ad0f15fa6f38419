import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { auditHash, type AuditEntry } from '../../../src/model/audit.ts';
import { exportAudit } from '../../../src/store/audit-export.ts';
import { verifyAudit } from '../../../src/store/audit-verify.ts';
import { openStore, openStoreReadOnly } from '../../../src/store/sqlite/open-store.ts';
import { sha256Hex, shortHash } from '../../../src/lib/canonical-json.ts';
import { anAction, anAuditDraft, aVote } from '../../fixtures/records.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../fixtures/temporary-directory.ts';

const ENTRIES = 12;
let directory: TemporaryDirectory;
let path: string;
let entries: AuditEntry[];

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory.path, 'airlock.db');
  const store = await openStore({ path, dataDir: directory.path });
  const action = anAction();
  entries = await store.transaction(async (tx) => {
    await tx.insertAction(action);
    await tx.insertVote(aVote(action.id));
    const appended: AuditEntry[] = [];
    for (let index = 1; index <= ENTRIES; index += 1) {
      appended.push(await tx.appendAudit(anAuditDraft({ data: { index, text: 'grüße' } })));
    }
    return appended;
  });
  await store.close();
});
afterEach(() => directory[Symbol.asyncDispose]());

/** Changes the database as somebody does who has the file and takes the triggers away first. */
function tamper(...statements: string[]): void {
  const database = new DatabaseSync(path);
  for (const trigger of ['audit_no_update', 'audit_no_delete', 'audit_no_gap'])
    database.exec(`DROP TRIGGER ${trigger}`);
  for (const statement of statements) database.exec(statement);
  database.close();
}

async function verdict(options: Parameters<typeof verifyAudit>[1] = {}) {
  const store = await openStoreReadOnly({ path });
  try {
    return await verifyAudit(store, { batch: 5, ...options });
  } finally {
    await store.close();
  }
}

test('proves a sound chain and tells its head', async () => {
  expect(await verdict()).toEqual({
    intact: true,
    entries: ENTRIES,
    head: entries.at(-1)?.hash,
    headSeq: null,
  });
});

test('finds a head noted earlier, whole or in its short form', async () => {
  const noted = entries[6]?.hash ?? '';
  expect(await verdict({ head: noted })).toMatchObject({ intact: true, headSeq: 7 });
  expect(await verdict({ head: shortHash(noted) })).toMatchObject({ intact: true, headSeq: 7 });
  expect(await verdict({ head: noted.toUpperCase() })).toMatchObject({ intact: true, headSeq: 7 });
  expect(await verdict({ head: '0'.repeat(64) })).toMatchObject({ intact: true, headSeq: 0 });
});

test.each(['', 'abc', 'not a hash at all', 'f'.repeat(65)])('refuses "%s" as a head', async (head) => {
  expect(await verdict({ head })).toMatchObject({ intact: false, brokenSeq: null });
});

test.each([
  [`UPDATE audit SET data = replace(data, '"index":4', '"index":5') WHERE seq = 4`, 4, 'was changed'],
  [`UPDATE audit SET actor = 'somebody else' WHERE seq = 4`, 4, 'was changed'],
  [`UPDATE audit SET at = at + 1 WHERE seq = 12`, 12, 'was changed'],
  [`UPDATE audit SET actionId = NULL WHERE seq = 1`, 1, 'was changed'],
  [`UPDATE audit SET hash = printf('%064d', 1) WHERE seq = 6`, 6, 'was changed'],
  [`UPDATE audit SET data = 'nonsense' WHERE seq = 7`, 7, 'cannot be read'],
  [`DELETE FROM audit WHERE seq = 5`, 5, 'is missing'],
  [`DELETE FROM audit WHERE seq = 1`, 1, 'is missing'],
  [`DELETE FROM audit WHERE seq = 5; UPDATE audit SET seq = seq - 1 WHERE seq > 5`, 5, 'does not follow'],
])('finds the first broken entry after %s', async (statement, brokenSeq, words) => {
  tamper(statement);
  expect(await verdict()).toMatchObject({
    intact: false,
    entries: brokenSeq - 1,
    brokenSeq,
    reason: expect.stringContaining(words),
  });
});

test('finds two entries that changed places', async () => {
  tamper(
    'UPDATE audit SET seq = -1 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = -1',
  );
  expect(await verdict()).toMatchObject({ intact: false, brokenSeq: 3 });
});

test('finds an entry that was slipped in, even one with a sound hash of its own', async () => {
  const before = entries[4];
  const forged = { ...anAuditDraft(), seq: 6, at: 5, previousHash: before?.hash ?? '' };
  tamper(
    'UPDATE audit SET seq = -(seq + 1) WHERE seq > 5; UPDATE audit SET seq = -seq WHERE seq < 0',
    `INSERT INTO audit (seq, at, type, actionId, agentId, actor, data, previousHash, hash) VALUES
       (6, 5, '${forged.type}', '${forged.actionId}', NULL, '${forged.actor}', '${JSON.stringify(forged.data)}',
        '${forged.previousHash}', '${auditHash(forged)}')`,
  );
  expect(await verdict()).toMatchObject({
    intact: false,
    brokenSeq: 7,
    reason: expect.stringContaining('does not follow'),
  });
});

test('finds that the end was cut off, or rewritten, by a head noted before; without one it cannot', async () => {
  const noted = entries.at(-1)?.hash ?? '';
  tamper('DELETE FROM audit WHERE seq > 9');
  expect(await verdict()).toMatchObject({ intact: true, entries: 9 });
  expect(await verdict({ head: noted })).toMatchObject({ intact: false, entries: 9, brokenSeq: null });
});

test.each([
  `UPDATE audit SET actor = 'x' WHERE seq = 1`,
  'DELETE FROM audit WHERE seq = 12',
  'DELETE FROM audit',
  `INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 3`,
  `INSERT INTO audit SELECT 14, at, type, actionId, agentId, actor, data, previousHash, hash FROM audit WHERE seq = 12`,
  `INSERT INTO audit SELECT 13, at, type, actionId, agentId, actor, data, previousHash, hash FROM audit WHERE seq = 12`,
  `UPDATE votes SET decision = 'deny'`,
  'DELETE FROM votes',
])('the database itself refuses %s', async (statement) => {
  const database = new DatabaseSync(path);
  expect(() => database.exec(statement)).toThrow(/append-only|a chain|final/);
  database.close();
  expect(await verdict({ head: entries.at(-1)?.hash ?? '' })).toMatchObject({
    intact: true,
    entries: ENTRIES,
  });
});

test('exports lines anyone can check: a line without its hash has that hash', async () => {
  const store = await openStoreReadOnly({ path });
  const lines = await Array.fromAsync(exportAudit(store));
  await store.close();
  expect(lines).toHaveLength(ENTRIES);
  for (const [index, line] of lines.entries()) {
    expect(line.endsWith('}\n')).toBe(true);
    const { hash } = JSON.parse(line);
    expect(hash).toBe(entries[index]?.hash);
    expect(sha256Hex(line.trimEnd().replace(`"hash":"${hash}",`, ''))).toBe(hash);
  }
});

test('proves an empty chain', async () => {
  await using empty = await temporaryDirectory();
  const store = await openStore({ path: join(empty.path, 'airlock.db'), dataDir: empty.path });
  expect(await verifyAudit(store)).toEqual({ intact: true, entries: 0, head: '0'.repeat(64), headSeq: null });
  expect(await Array.fromAsync(exportAudit(store))).toEqual([]);
  await store.close();
});
