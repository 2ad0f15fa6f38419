import { describe, expect, it } from 'vitest';
import { createCommandRegistry } from '../../../src/commands/registry.ts';
import type { CommandContext } from '../../../src/commands/types.ts';
import { usage } from '../../../src/commands/usage.ts';
import { ROLES, type Role } from '../../../src/model/principal.ts';
import { ACTOR, action, agent, reads } from './facts.ts';

const registry = createCommandRegistry({
  images: {
    list: async () => [{ name: 'busybox' }, { name: 'node' }, { name: 'python:3.12', sandbox: 'kata' }],
  },
  skills: [{ id: 'review', summary: 'Read a change' }],
});

function context(role: Role = 'admin'): CommandContext & { counted: string[] } {
  const counted: string[] = [];
  return {
    counted,
    actor: { ...ACTOR, role },
    thread: { channel: 'fake', space: 's', room: 'r', thread: null },
    root: '/agent',
    store: reads({
      agents: [
        agent({ id: 'a'.repeat(26), name: 'box', status: 'RUNNING' }),
        agent({ id: 'b'.repeat(26), name: 'boat', status: 'PAUSED' }),
        agent({ id: 'c'.repeat(26), name: 'bone', status: 'STOPPED', cleaned: true }),
      ],
      actions: [action({ id: 'k3x9' })],
    }),
    agents: {
      info: async () => ({
        runtimes: [],
        defaultType: null,
        preferredType: null,
        live: 2,
        maxAgents: 10,
        running: 1,
        host: { cpuCores: 2, memoryMb: 4096, freeDiskMb: 9000 },
      }),
      usage: async () => null,
      keptOutput: async () => null,
    },
    orchestrator: {
      approvalsFor: async () => [],
      countQuery: (actor) => void counted.push(actor.personId),
      mayVote: async () => {},
    },
    clock: { now: () => 1000, monotonic: () => 1000, after: () => ({ [Symbol.dispose]() {} }) },
  };
}

async function outcome(text: string, role: Role = 'admin') {
  const { command, raw } = registry.parse(text);
  return registry.run(command, raw, context(role));
}

describe('the registry', () => {
  it('has exactly the commands that are documented', () => {
    expect(registry.commands.map(({ name }) => name)).toEqual([
      'create',
      'exec',
      'list',
      'status',
      'logs',
      'pause',
      'resume',
      'stop',
      'stop-all',
      'extend',
      'reload',
      'approvals',
      'view',
      'approve',
      'deny',
      'cancel',
      'audit',
      'runtimes',
      'help',
    ]);
  });

  it.each(registry.commands.map((command) => [command.name, command] as const))(
    'describes %s so that every surface can offer it',
    (_, command) => {
      expect(command.name).toMatch(/^[a-z][a-z-]*$/);
      expect(command.summary).toMatch(/^[A-Z].{5,99}$/);
      expect(command.examples.length).toBeGreaterThan(0);
      expect(ROLES).toContain(command.role);
      const words = [
        ...command.grammar.positionals,
        ...command.grammar.options,
        ...(command.grammar.rest === null ? [] : [command.grammar.rest]),
      ];
      expect(new Set(words.map(({ name }) => name)).size).toBe(words.length);
      for (const word of words) expect(word.summary).not.toBe('');
      const firstOptional = command.grammar.positionals.findIndex(({ optional }) => optional);
      const after = firstOptional === -1 ? [] : command.grammar.positionals.slice(firstOptional);
      expect(after.every(({ optional }) => optional)).toBe(true);
    },
  );

  it.each(registry.commands.flatMap(({ name, examples }) => examples.map((example) => [name, example])))(
    'has an example of %s that works: %s',
    async (name, example) => {
      const { command, raw } = registry.parse(example);
      expect(command.name).toBe(name);
      const { type } = await registry.run(command, raw, context());
      expect(['action', 'vote', 'cancel', 'view', 'answer']).toContain(type);
    },
  );

  it('writes usage lines from the grammar', () => {
    const line = (name: string) => {
      const command = registry.find(name);
      return command === null ? null : usage(command, '/agent');
    };
    expect(line('create')).toBe(
      '/agent create [name] [--skill name] [--image busybox] [--sandbox gvisor] [--cpu 1] [--memory 512m] [--disk 1g] [--processes 50] [--network] [--ttl 8h]',
    );
    expect(line('exec')).toBe('/agent exec <agent> [--timeout 30s] -- <command…>');
    expect(line('approve')).toBe('/agent approve <id> [--hash 1a2b-3c4d-5e6f] [note]');
    expect(line('extend')).toBe('/agent extend <agent> [duration]');
  });
});

describe('what a command yields', () => {
  it.each([
    ['create', { kind: 'agent.create', params: {} }],
    [
      'create box --cpu 0.5 --memory 1g --disk 1.5g --processes 20 --network --ttl 2h --image node --sandbox kata --skill filesystem',
      {
        kind: 'agent.create',
        params: {
          name: 'box',
          image: 'node',
          sandboxType: 'kata',
          skill: 'filesystem',
          timeToLiveMs: 7_200_000,
          limits: {
            cpuCores: 0.5,
            memoryMb: 1024,
            diskMb: 1536,
            maxProcesses: 20,
            networkEnabled: true,
          },
        },
      },
    ],
    [
      'exec box --timeout 90 -- make',
      { kind: 'agent.exec', params: { agent: 'box', command: 'make', timeoutMs: 90_000 } },
    ],
    ['stop box --force', { kind: 'agent.stop', params: { agent: 'box', force: true } }],
    ['stop-all 3', { kind: 'agent.stop-all', params: { confirm: 3 } }],
    ['extend box', { kind: 'agent.extend', params: { agent: 'box' } }],
    ['pause box', { kind: 'agent.pause', params: { agent: 'box' } }],
    ['reload', { kind: 'config.reload', params: {} }],
  ])('%s drafts an action', async (text, draft) => {
    expect(await outcome(text)).toEqual({ type: 'action', draft });
  });

  it('drafts votes and cancels', async () => {
    expect(await outcome('approve K3X9 --hash 1a2b-3c4d-5e6f  fine ')).toEqual({
      type: 'vote',
      actionId: 'k3x9',
      decision: 'approve',
      hash: '1a2b-3c4d-5e6f',
      note: 'fine',
    });
    expect(await outcome('deny k3x9 no')).toMatchObject({ decision: 'deny', note: 'no', hash: null });
    expect(await outcome('cancel k3x9')).toEqual({ type: 'cancel', actionId: 'k3x9' });
  });

  it.each([
    ['create --memory banana', 'INVALID_LIMIT', '--memory "banana" is not a size from 64 MiB to 1 TiB'],
    ['create --cpu many', 'INVALID_LIMIT', '--cpu "many" is not a number from 0.05 cores to 256 cores'],
    ['create --cpu 1e999', 'INVALID_LIMIT', '--cpu "1e999" is not a number from 0.05 cores to 256 cores'],
    ['create --processes NaN', 'INVALID_LIMIT', '--processes "NaN" is not a number from 4 to 4096'],
    ['create --ttl soon', 'INVALID_INPUT', '--ttl "soon" is not a duration'],
    ['exec box --timeout -1s -- ls', 'INVALID_INPUT', '--timeout "-1s" is not a duration'],
    ['audit 0', 'INVALID_INPUT', 'audit "0" is not a whole number from 1 to 200'],
    ['stop-all many', 'INVALID_INPUT', 'stop-all "many" is not a whole number from 0 to 10000'],
    ['help nothing', 'UNKNOWN_COMMAND', 'there is no command "nothing"'],
    ['status nobody', 'AGENT_NOT_FOUND', 'there is no agent "nobody"'],
  ])('%s is refused with %s', async (text, code, message) => {
    await expect(outcome(text)).rejects.toMatchObject({ code, message });
  });

  it('leaves the ranges of limits to the room that knows the host', async () => {
    expect(await outcome('create --memory -5m')).toMatchObject({
      draft: { params: { limits: { memoryMb: -5 } } },
    });
  });

  it('tells how to confirm stop-all', async () => {
    expect(await outcome('stop-all')).toMatchObject({
      type: 'answer',
      answer: { kind: 'stop-all', agents: [{ name: 'box' }, { name: 'boat' }] },
    });
    await expect(outcome('stop-all', 'approver')).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  });
});

describe('the root command alone', () => {
  it('is a menu for everybody, with the role that decides what stands in it', async () => {
    for (const role of ['stranger', 'operator'] as const) {
      expect(await outcome('  ', role)).toEqual({
        type: 'answer',
        answer: { kind: 'menu', root: '/agent', role },
      });
    }
    expect(registry.find('menu')).toBeNull();
  });
});

describe('where the root command has another name', () => {
  const renamed = { ...context(), root: '/airlock' };
  const parse = (text: string) =>
    registry.parse(text, { via: 'command', threadAgent: null, root: '/airlock' });
  const yields = (text: string) => {
    const { command, raw } = parse(text);
    return registry.run(command, raw, renamed);
  };

  it.each(['', 'help', 'list', 'approvals', 'stop-all'])('%j answers with that name', async (text) => {
    expect(await yields(text)).toMatchObject({ answer: { root: '/airlock' } });
  });

  it('hints and usage lines say it', async () => {
    expect(() => parse('lst')).toThrow(expect.objectContaining({ hint: 'did you mean /airlock list?' }));
    expect(() => parse('stop')).toThrow(
      expect.objectContaining({
        hint: 'usage: /airlock stop <agent> [--force] — for example /airlock stop box',
      }),
    );
    await expect(yields('help nothing')).rejects.toMatchObject({ hint: '/airlock help lists them' });
    await expect(yields('audit 0')).rejects.toMatchObject({
      hint: expect.stringContaining('usage: /airlock audit') as string,
    });
    expect(() => registry.parse('ls', { via: 'mention', threadAgent: null, root: '/airlock' })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('/airlock help') as string }),
    );
  });
});

describe('how the channels stand', () => {
  it('is what each last wrote down, and nothing where that cannot be read', async () => {
    const health = { state: 'down', detail: 'invalid_auth: make a new token', since: 5 };
    const told: Record<string, string> = {
      'channel.health.slack': JSON.stringify(health),
      'channel.health.discord': '{"state":"fine"}',
    };
    const both = createCommandRegistry({
      images: { list: async () => [] },
      channels: ['slack', 'discord', 'terminal'],
    });
    const { command, raw } = both.parse('runtimes');
    const store = { ...context().store, setting: async (name: string) => told[name] ?? null };
    expect(await both.run(command, raw, { ...context(), store })).toMatchObject({
      answer: {
        channels: [
          { name: 'slack', health },
          { name: 'discord', health: null },
          { name: 'terminal', health: null },
        ],
      },
    });
  });
});

describe('who may ask what', () => {
  it('gives strangers help only, and counts every query', async () => {
    const { command, raw } = registry.parse('help');
    const asked = context('stranger');
    expect(await registry.run(command, raw, asked)).toMatchObject({ answer: { kind: 'help' } });
    expect(asked.counted).toEqual([ACTOR.personId]);
    await expect(outcome('list', 'stranger')).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    await expect(outcome('audit', 'viewer')).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  });

  it('leaves the refusal of actions to the orchestrator, which keeps a record of it', async () => {
    expect(await outcome('create box', 'stranger')).toMatchObject({ type: 'action' });
  });

  it('shows logs to the owner, the thread of the agent, approvers and admins, and to nobody else', async () => {
    const { command, raw } = registry.parse('logs box');
    const own = { channel: 'fake', space: 's', room: 'r', thread: 't1' };
    const box = agent({ name: 'box', status: 'RUNNING', ownerPerson: 'olga', thread: own });
    const ask = (role: Role, personId: string, thread = context().thread) =>
      registry.run(command, raw, {
        ...context(role),
        actor: { ...ACTOR, role, personId },
        store: reads({ agents: [box] }),
        thread,
      });

    for (const allowed of [
      ask('viewer', 'olga'),
      ask('viewer', 'bob', own),
      ask('approver', 'bob'),
      ask('admin', 'bob'),
    ]) {
      expect(await allowed).toMatchObject({ answer: { kind: 'logs' } });
    }
    await expect(ask('operator', 'bob')).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    await expect(ask('stranger', 'bob', own)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  });

  it('shows an action whole to who asked, who decides, and who may see the output; to nobody else', async () => {
    const waits = action({ id: 'k3x9', requesterPerson: 'olga', agentId: 'a'.repeat(26) });
    const ended = { ...waits, status: 'COMPLETED' as const };
    const box = agent({ id: 'a'.repeat(26), ownerPerson: 'olga' });
    const ask = (role: Role, personId: string, shown = waits, roles: string[] = [role]) => {
      const { command, raw } = registry.parse('view k3x9');
      const store = reads({ agents: [box], actions: [shown] });
      return registry.run(command, raw, { ...context(), actor: { ...ACTOR, role, roles, personId }, store });
    };
    const byTeam = {
      ...waits,
      approval: { quorum: 1, roles: ['team'], selfApproval: false, verification: 'none' as const },
    };
    for (const allowed of [
      ask('operator', 'olga'),
      ask('approver', 'bob'),
      ask('approver', 'bob', ended),
      ask('viewer', 'bob', byTeam, ['viewer', 'team']),
    ]) {
      expect(await allowed).toMatchObject({ type: 'view', action: { id: 'k3x9' } });
    }
    for (const refused of [
      ask('operator', 'bob'),
      ask('viewer', 'bob', { ...byTeam, status: 'COMPLETED' }, ['viewer', 'team']),
      ask('stranger', 'bob', byTeam, ['team']),
    ]) {
      await expect(refused).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    }
  });

  it('does not take a room for the thread of an agent that has none', async () => {
    const { command, raw } = registry.parse('logs box');
    const room = context().thread;
    const box = agent({ name: 'box', status: 'RUNNING', ownerPerson: 'olga', thread: room });
    await expect(
      registry.run(command, raw, { ...context('operator'), store: reads({ agents: [box] }) }),
    ).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  });
});

describe('completion', () => {
  async function completed(text: string, role: Role = 'admin'): Promise<string[]> {
    const { actor, store, agents, orchestrator } = context(role);
    const found = await registry.complete({ text, actor, store, agents, orchestrator });
    return found.map(({ value }) => value);
  }

  it.each([
    ['sto', ['stop', 'stop-all']],
    ['status b', ['box', 'boat', 'bone']],
    ['pause ', ['box']],
    ['resume ', ['boat']],
    ['stop bo', ['box', 'boat']],
    ['create box --me', ['--memory']],
    ['create --image ', ['busybox', 'node', 'python:3.12']],
    ['create --skill r', ['review']],
    ['create --memory 1', ['1g']],
    ['list ', ['--all', '--mine']],
    ['help sta', ['status']],
    ['exec box -- l', []],
    ['exec box ls b', []],
    ['nonsense b', []],
  ])('of %j offers %j', async (text, values) => {
    expect(await completed(text)).toEqual(values);
  });

  it('says which sandbox an image takes, and leaves it out of a form that asks for none', async () => {
    const found = await registry.complete({ text: 'create --image py', ...context() });

    expect(found).toEqual([{ value: 'python:3.12', label: 'python:3.12 (with --sandbox kata)' }]);
    expect(await registry.imageNames()).toEqual(['busybox', 'node']);
  });

  it('offers a stranger nothing but help', async () => {
    expect(await completed('', 'stranger')).toEqual(['help']);
  });
});
