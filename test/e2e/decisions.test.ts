import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { startBot } from '../fixtures/live-bot.ts';
import { auditOf, configure } from '../fixtures/operator.ts';
import { createInstallation } from '../fixtures/run-bot.ts';

test('a reload runs when two admins besides the one who asks type its hash, and for nobody else', async () => {
  const installation = await createInstallation();
  await configure(installation, 'limits: { maxAgents: 5 }\n');
  const bot = startBot(installation);
  await bot.ask('/as alice', /you are alice/);
  await configure(installation, 'limits: { maxAgents: 1 }\n');
  await bot.ask('/agent reload', /waiting for approval \(0 of 2\)/);
  const id = /Action: ([a-z0-9]+)/.exec(bot.printed())?.[1] ?? '';
  const hash = /Hash: ([0-9a-f-]{14})/.exec(bot.printed())?.[1] ?? '';

  await bot.ask(`/agent approve ${id} --hash ${hash}`, /^error: nobody decides their own CRITICAL request/m);
  await bot.ask('/as mallory viewer', /you are mallory/);
  await bot.ask(`/agent approve ${id} --hash ${hash}`, /^error: .*(admin|viewer)/m);
  await bot.ask('/as bob', /you are bob/);
  await bot.ask(`/agent approve ${id}`, /^error: .*takes its hash, typed from the card/m);
  await bot.ask(
    `/agent approve ${id} --hash 0000-0000-0000`,
    /^error: the hash given is not that of action/m,
  );
  await bot.ask(`/agent approve ${id} --hash ${hash}`, /your approval of .* is on record/);
  await bot.ask(`/agent approve ${id} --hash ${hash}`, /^error: you have voted on action/m);
  await bot.ask('/as carol', /you are carol/);
  await bot.ask(`/agent approve ${id} --hash ${hash}`, /reloaded .*airlock\.yaml/);
  await bot.ask('/agent create one', /^Agent one: RUNNING/m);
  await bot.ask('/agent create two', /^error: 1 of 1 agent is live: stop one or raise AIRLOCK_MAX_AGENTS/m);

  expect(await bot.end()).toBe(1);
  const audit = await auditOf(installation);
  const refused = audit.filter(({ type }) => type === 'vote.refused').map(({ data }) => data['code']);
  expect(refused.slice(0, 1)).toEqual(['SELF_APPROVAL']);
  expect(refused.slice(-3)).toEqual(['HASH_MISMATCH', 'HASH_MISMATCH', 'ALREADY_VOTED']);
  expect(audit.filter(({ type }) => type === 'vote')).toMatchObject([
    { actor: 'terminal:bob', data: { typedHash: true, persona: true } },
    { actor: 'terminal:carol', data: { typedHash: true, persona: true } },
  ]);
  expect(await installation.leftovers()).toEqual([]);
});

test('a denial is told once, a cancel takes back, and what nobody decides expires; none of them runs', async () => {
  const installation = await createInstallation();
  await configure(installation, 'levels: { high: { approvals: 1, roles: [approver], expiresIn: 2s } }\n');
  const bot = startBot(installation);
  await bot.ask('/as alice', /you are alice/);
  await bot.ask('/agent create box', /^Agent box: RUNNING/m);
  const stop = async (): Promise<string> =>
    (await bot.ask('/agent stop box', /Action: ([a-z0-9]+)[^]*waiting for approval \(0 of 1\)/))[1] ?? '';

  await bot.ask('/as bob operator', /you are bob/);
  const denied = await stop();
  await bot.ask('/as carol approver', /you are carol/);
  await bot.ask(`/agent deny ${denied}`, /^error: deny needs <reason>/m);
  await bot.ask(`/agent deny ${denied} we still need it`, /^stop box: REJECTED/m);
  await bot.ask('/as bob operator', /you are bob/);
  const cancelled = await stop();
  await bot.ask(`/agent cancel ${cancelled}`, /^stop box: CANCELLED/m);
  await bot.ask(`/agent approve ${cancelled}`, /^error: /m);
  const expired = await stop();
  await bot.seen(/^stop box: EXPIRED[^]*ask for it again/m);
  await bot.ask('/as carol approver', /you are carol/);
  await bot.ask(`/agent approve ${expired}`, /^error: .*expired/m);
  await bot.ask('/as alice', /you are alice/);
  await bot.ask('/agent exec box -- echo alive', /^alive$/m);

  expect(await bot.end()).toBe(1);
  expect(bot.printed().match(/we still need it/g)).toHaveLength(1);
  expect(bot.printed()).not.toContain('NOT_ALLOWED');
  const audit = await auditOf(installation);
  expect(audit.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['action.rejected', 'action.cancelled', 'action.expired']),
  );
  expect(audit.filter(({ type }) => type === 'action.started')).toHaveLength(2);
});

test('an agent with a network waits for another person, says what the network is, and cannot reach the host', async () => {
  const installation = await createInstallation();
  const server = createServer((socket) => socket.end('reached\n')).listen(0, '0.0.0.0');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const own = Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? []).filter(({ family, internal }) => family === 'IPv4' && !internal),
  );
  const bot = startBot(installation, { AIRLOCK_GVISOR_HOSTINET: 'allow' });
  const runtimes = await bot.ask('/agent runtimes', /^Sandbox runtimes[^]*^ +gvisor +yes.*$/m);
  const isKernels = runtimes[0].includes("use the host's network stack");
  const announced = () => bot.printed().match(/! the network is the kernel's own/g)?.length ?? 0;

  await bot.ask('/as alice', /you are alice/);
  await bot.ask('/agent create net --network', /Level: HIGH[^]*waiting for approval \(0 of 1\)/);
  const beforeApproval = announced();
  const id = /Action: ([a-z0-9]+)/.exec(bot.printed())?.[1] ?? '';
  await bot.ask(`/agent approve ${id}`, /^error: nobody decides their own HIGH request/m);
  await bot.ask('/as carol approver', /you are carol/);
  await bot.ask(`/agent approve ${id}`, /^Agent net: RUNNING/m);
  await bot.ask('/as alice', /you are alice/);
  const beforeExec = announced();
  const route = await bot.ask('/agent exec net -- ip route', /default via ([0-9.]+) [^]*exit code 0/);
  const afterExec = announced();
  for (const host of [route[1] ?? '', ...own.map((entry) => entry.address)]) {
    const tried = await bot.ask(
      `/agent exec net -- nc -w 1 ${host} ${port} </dev/null; echo over`,
      /^over$[^]*exit code 0/m,
    );
    expect(tried[0]).not.toContain('reached');
    expect(tried.input).not.toContain('reached');
  }

  expect(await bot.end()).toBe(1);
  if (isKernels) {
    expect(beforeApproval).toBeGreaterThan(0);
    expect(afterExec).toBeGreaterThan(beforeExec);
  }
  expect(await installation.leftovers()).toEqual([]);
});

test('without the permission of the operator a network that cannot be had is refused with its own reason', async () => {
  const installation = await createInstallation();

  const { stdout, exitCode } = await installation.pipe('/agent runtimes\n/agent create net --network\n');

  const refusedHere = stdout.includes('agents with --network are refused');
  expect(exitCode).toBe(refusedHere ? 1 : 0);
  const error = stdout.split('\n').find((line) => line.startsWith('error: ')) ?? '';
  expect(error.startsWith('error: no --network on this host: ')).toBe(refusedHere);
  expect(error).not.toMatch(/years? old/);
  expect(error.includes('AIRLOCK_GVISOR_HOSTINET=allow')).toBe(refusedHere);
});
