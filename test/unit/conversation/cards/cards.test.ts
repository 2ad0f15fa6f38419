import { describe, expect, it } from 'vitest';
import type { KeptText } from '../../../../src/agents/types.ts';
import type { Answer } from '../../../../src/commands/answers.ts';
import { createCommandRegistry } from '../../../../src/commands/registry.ts';
import type { Card } from '../../../../src/conversation/card.ts';
import {
  type ActionCardState,
  actionCard,
  isCodeCut,
} from '../../../../src/conversation/cards/action-card.ts';
import { agentCard } from '../../../../src/conversation/cards/agent-card.ts';
import { answerCard } from '../../../../src/conversation/cards/answer-card.ts';
import { createForm } from '../../../../src/conversation/cards/forms.ts';
import { errorCard, eventCard, receiptCard } from '../../../../src/conversation/cards/notice-card.ts';
import { AppError } from '../../../../src/errors.ts';
import {
  ACTION_STATUSES,
  type ActionRecord,
  type ActionStatus,
  type ExecResult,
  type Vote,
} from '../../../../src/model/action.ts';
import { AGENT_STATUSES, type AgentStatus } from '../../../../src/model/agent.ts';
import { AUDIT_GENESIS } from '../../../../src/model/audit.ts';
import type { EventBody, EventRecord } from '../../../../src/model/event.ts';
import { action, agent } from '../../commands/facts.ts';

const NOW = 1_700_000_020_000;
const AGENT_PATH: readonly AgentStatus[] = [
  'PENDING',
  'CREATING',
  'RUNNING',
  'PAUSED',
  'RUNNING',
  'STOPPING',
];

/** A card is JSON with nothing undefined in it, and its golden file is what people agreed to see. */
async function golden(card: Card, name: string): Promise<void> {
  await expect(`${JSON.stringify(card, null, 2)}\n`).toMatchFileSnapshot(`golden/${name}.json`);
}

function events(...bodies: readonly EventBody[]): EventRecord[] {
  return bodies.map((body, index) => ({ seq: index + 1, at: 1_700_000_000_000 + index * 1000, body }));
}

function agentHistory(...path: readonly AgentStatus[]): EventRecord[] {
  return events(
    ...path.map((to, index): EventBody => {
      const reason = to === 'STOPPING' ? 'asked by Alice' : null;
      return { type: 'agent.status', agentId: agent().id, from: path[index - 1] ?? null, to, reason };
    }),
  );
}

function actionHistory(...path: readonly ActionStatus[]): EventRecord[] {
  return path.map((to, index) => ({
    seq: index + 1,
    at: 1_700_000_010_000 + index * 2000,
    body: { type: 'action.status', actionId: action().id, from: path[index - 1] ?? null, to },
  }));
}

function vote(facts: Partial<Vote> = {}): Vote {
  return {
    actionId: action().id,
    personId: 'bob',
    principal: 'fake:bob',
    displayName: 'Bob',
    decision: 'approve',
    note: null,
    persona: false,
    at: 1_700_000_011_000,
    ...facts,
  };
}

function exec(facts: Partial<ExecResult> = {}): ExecResult {
  return {
    success: true,
    exitCode: 0,
    cause: 'exited',
    signal: null,
    hints: [],
    timedOut: false,
    truncated: false,
    durationMs: 1234,
    stdoutBytes: 12,
    stderrBytes: 0,
    outputFile: 'outputs/k3x9abcdefgh.json',
    outputSha256: 'd'.repeat(64),
    ...facts,
  };
}

function kept(text: string, facts: Partial<KeptText> = {}): KeptText {
  return { text, truncated: false, totalBytes: Buffer.byteLength(text), path: 'x', ...facts };
}

function shown(facts: Partial<ActionRecord>, more: Partial<Omit<ActionCardState, 'action'>> = {}): Card {
  return actionCard({
    action: action(facts),
    agentName: 'box',
    agentOwner: action().requester,
    agentWarnings: [],
    votes: [],
    history: [],
    kept: null,
    live: null,
    outputCharacters: 3000,
    codeCharacters: Number.POSITIVE_INFINITY,
    ...more,
  });
}

const ids = (card: Card) => card.buttons.map((button) => button.id);

describe('the card of an agent', () => {
  it.each(AGENT_STATUSES)('in %s', async (status) => {
    const ended = status === 'STOPPED' || status === 'ERROR';
    const card = agentCard({
      agent: agent({
        status,
        cleaned: status === 'STOPPED',
        ...(ended ? { stoppedAt: NOW, exitCause: status === 'ERROR' ? 'out-of-memory' : 'stopped' } : {}),
        ...(status === 'ERROR' ? { errorMessage: 'the sandbox died: its memory was used up' } : {}),
      }),
      history: agentHistory(...AGENT_PATH.slice(0, AGENT_STATUSES.indexOf(status)), status),
    });
    await golden(card, `agent-${status.toLowerCase()}`);
  });

  it('shows what the operator allowed and a coming stop as warnings', async () => {
    const card = agentCard({
      agent: agent({
        warnings: ['the CPU limit is not in force on this host'],
        warnedAt: NOW,
        limits: { ...agent().limits, networkEnabled: true },
      }),
      history: [],
    });
    await golden(card, 'agent-warned');
  });

  it('has the buttons its state allows', () => {
    const buttons = (status: AgentStatus, cleaned = false) =>
      ids(agentCard({ agent: agent({ status, cleaned }), history: [] }));
    expect(buttons('RUNNING')).toEqual(['run', 'pause', 'logs', 'extend', 'stop']);
    expect(buttons('PAUSED')).toEqual(['resume', 'logs', 'extend', 'stop']);
    expect(buttons('CREATING')).toEqual(['stop']);
    expect(buttons('STOPPED', true)).toEqual(['logs']);
    expect(buttons('ERROR')).toEqual(['logs', 'stop']);
    expect(buttons('ERROR', true)).toEqual(['logs']);
  });
});

describe('the card of an action', () => {
  const finished = { startedAt: NOW - 2000, finishedAt: NOW } as const;
  const states: Record<ActionStatus, [Partial<ActionRecord>, Partial<Omit<ActionCardState, 'action'>>]> = {
    PENDING: [{}, { votes: [vote({ persona: true })], history: actionHistory('PENDING') }],
    APPROVED: [
      {},
      {
        votes: [vote(), vote({ displayName: 'Carol', principal: 'fake:carol', note: 'fine' })],
        history: actionHistory('PENDING', 'APPROVED'),
      },
    ],
    EXECUTING: [
      { startedAt: NOW },
      {
        votes: [vote()],
        history: actionHistory('PENDING', 'APPROVED', 'EXECUTING'),
        live: { tail: Buffer.from('line 1\nline 2\n'), totalBytes: 14 },
      },
    ],
    COMPLETED: [
      { ...finished, result: { exec: exec() } },
      {
        votes: [vote()],
        history: actionHistory('PENDING', 'APPROVED', 'EXECUTING', 'COMPLETED'),
        kept: kept('hello world\n'),
      },
    ],
    FAILED: [
      {
        ...finished,
        result: { exec: exec({ success: false, exitCode: null, cause: 'timed-out', timedOut: true }) },
        error: {
          code: 'RUNTIME_TIMEOUT',
          message: 'the command ran longer than 30 s and was killed',
          hint: 'give it more time with --timeout',
        },
      },
      { history: actionHistory('APPROVED', 'EXECUTING', 'FAILED'), kept: kept('half of it') },
    ],
    REJECTED: [
      { decidedAt: NOW },
      {
        votes: [vote(), vote({ decision: 'deny', displayName: 'Carol', note: 'not on a Friday' })],
        history: actionHistory('PENDING', 'REJECTED'),
      },
    ],
    EXPIRED: [{ decidedAt: NOW }, { votes: [vote()], history: actionHistory('PENDING', 'EXPIRED') }],
    CANCELLED: [
      { decidedAt: NOW, error: { code: 'CANCELLED', message: 'cancelled by Alice', hint: null } },
      { history: actionHistory('PENDING', 'CANCELLED') },
    ],
    UNKNOWN: [
      {
        ...finished,
        error: { code: 'INTERNAL', message: 'Airlock was restarted while it ran', hint: 'look at the agent' },
      },
      { history: actionHistory('APPROVED', 'EXECUTING', 'UNKNOWN') },
    ],
  };

  it.each(ACTION_STATUSES)('in %s', async (status) => {
    const [facts, more] = states[status];
    await golden(shown({ status, ...facts }, more), `action-${status.toLowerCase()}`);
  });

  it('of a command that ended with another code says so, with hints', async () => {
    const result = {
      exec: exec({ success: false, exitCode: 3, hints: ['near-process-limit', 'disk-almost-full'] }),
    };
    const card = shown(
      { status: 'COMPLETED', level: 'MEDIUM', approval: null, expiresAt: null, ...finished, result },
      { history: actionHistory('APPROVED', 'EXECUTING', 'COMPLETED'), kept: kept('no\n') },
    );
    await golden(card, 'action-exit-code-3');
  });

  it('that nobody had to approve says what runs, and who asked only where that is not the owner', async () => {
    const routine = { level: 'MEDIUM', approval: null, expiresAt: null, status: 'EXECUTING' } as const;
    const card = shown(routine, { history: actionHistory('APPROVED', 'EXECUTING') });
    await golden(card, 'action-routine');

    const byAnother = shown({ ...routine, persona: true });
    expect(byAnother.fields).toEqual([
      { label: 'Asked by', value: expect.stringMatching(/\[persona\]$/) as string },
    ]);
  });

  it('that nobody had to approve and that failed has the id to look it up', () => {
    const error = { code: 'INTERNAL', message: 'it broke', hint: null };
    const card = shown({ level: 'MEDIUM', approval: null, status: 'FAILED', error });
    expect(card.fields).toContainEqual({ label: 'Action', value: action().id });
  });

  it('of a critical reload shows the exact payload and asks for the typed hash', async () => {
    const card = shown(
      {
        kind: 'config.reload',
        level: 'CRITICAL',
        rule: 'reload of people and policy',
        agentId: null,
        persona: true,
        payload: '{"agentId":null,"kind":"config.reload","params":{"path":"/x/airlock.yaml","sha256":"ab"}}',
        approval: { quorum: 2, roles: ['admin'], selfApproval: false, verification: 'typed-hash' },
      },
      { agentName: null, history: actionHistory('PENDING') },
    );
    await golden(card, 'action-critical');
  });

  it('of a create with a network shows image, limits and network before it is approved', async () => {
    const base = JSON.parse(action().payload) as Record<string, unknown>;
    const payload = JSON.stringify({
      ...base,
      kind: 'agent.create',
      network: true,
      limits: { ...agent().limits, networkEnabled: true },
      params: { name: 'box', skillId: null, timeToLiveMs: 28_800_000 },
    });
    await golden(
      shown({ kind: 'agent.create', payload }, { history: actionHistory('PENDING') }),
      'action-create',
    );
  });

  it('has buttons only while something can be decided or ended', () => {
    const buttons = (status: ActionStatus) => ids(shown({ status }));
    expect(buttons('PENDING')).toEqual(['approve', 'deny', 'cancel']);
    expect(buttons('EXECUTING')).toEqual(['cancel']);
    for (const status of ACTION_STATUSES) {
      if (status !== 'PENDING' && status !== 'EXECUTING') expect(buttons(status)).toEqual([]);
    }
  });

  it('carries the hash people saw on the buttons that decide', () => {
    const [approve, deny, cancel] = shown({}).buttons;
    expect(approve).toMatchObject({ hash: action().payloadHash, opens: null });
    expect(deny).toMatchObject({ hash: action().payloadHash, opens: { inputs: [{ name: 'reason' }] } });
    expect(cancel).toMatchObject({ hash: null });
  });

  it('never shortens the command that will run', () => {
    const command = `echo ${'x'.repeat(60_000)}`;
    const payload = JSON.stringify({ v: 1, params: { command } });
    expect(shown({ payload }).code).toEqual({ label: 'Command', text: command });
  });

  it('offers the full text wherever this channel cuts it, and nowhere else', async () => {
    const cut = { codeCharacters: 5 };
    const buttons = (status: ActionStatus, more: Partial<Omit<ActionCardState, 'action'>>) =>
      ids(shown({ status }, more));
    expect(buttons('PENDING', { codeCharacters: 6 })).toEqual(['approve', 'deny', 'cancel']);
    expect(buttons('PENDING', cut)).toEqual(['approve', 'deny', 'view', 'cancel']);
    expect(buttons('EXECUTING', cut)).toEqual(['view', 'cancel']);
    expect(buttons('CANCELLED', cut)).toEqual(['view']);
    expect(buttons('COMPLETED', { kept: kept('x'.repeat(3000)) })).toEqual([]);
    expect(buttons('COMPLETED', { kept: kept('x'.repeat(3001)) })).toEqual(['view']);
    expect(buttons('COMPLETED', { kept: kept('x', { truncated: true }) })).toEqual([]);
    await golden(shown({}, { ...cut, history: actionHistory('PENDING') }), 'action-cut');
  });

  it('measures the code as it is shown: what is invisible takes room', () => {
    const payload = JSON.stringify({ params: { command: '\u202e' } });
    expect(isCodeCut({ payload, approval: null }, 7)).toBe(true);
    expect(isCodeCut({ payload, approval: null }, 8)).toBe(false);
    expect(isCodeCut({ payload: '{}', approval: null }, 0)).toBe(false);
  });

  it('escapes control characters in titles and output, and keeps the rest of them as data', () => {
    const card = shown(
      { status: 'COMPLETED', result: { exec: exec() } },
      { agentName: 'b\u001b[31mox\n', kept: kept('\u001b]0;evil\u0007\u202ehi\n') },
    );
    expect(card.title).toBe('exec b\\x1b[31mox\\n');
    expect(card.output?.text).toBe('\\x1b]0;evil\\x07\\u{202e}hi\n');
  });

  it('keeps head and tail of an output that is too long for the channel', () => {
    const text = `${'a'.repeat(5000)}${'z'.repeat(5000)}`;
    const card = shown(
      { status: 'COMPLETED', result: { exec: exec() } },
      { kept: kept(text), outputCharacters: 1000 },
    );
    expect(card.output).toMatchObject({ totalBytes: 10_000, truncated: true, live: false });
    expect(card.output?.text).toBe(`${'a'.repeat(500)}\n… 9000 characters left out …\n${'z'.repeat(500)}`);
  });

  it('parts no line of an output that is too long, but one as long as the channel has room for', () => {
    const line = 'x'.repeat(49);
    const text = Array.from({ length: 30 }, (_, at) => `${at + 10} ${line}\n`).join('');
    const card = shown(
      { status: 'COMPLETED', result: { exec: exec() } },
      { kept: kept(text), outputCharacters: 500 },
    );
    const lines = card.output?.text.split('\n') ?? [];
    expect(lines.filter((one) => !/^(\d\d x{49}|… \d+ characters left out …|)$/.test(one))).toEqual([]);
    expect(lines[0]).toBe(`10 ${line}`);
    expect(lines.at(-2)).toBe(`39 ${line}`);
  });

  it('keeps the first and last lines of an output that has many, where a platform shows it', () => {
    const text = Array.from({ length: 100 }, (_, index) => `line ${index + 1}\n`).join('');
    const facts = { status: 'COMPLETED', result: { exec: exec() } } as const;
    const card = shown(facts, { kept: kept(text), codeCharacters: 2000 });
    const lines = card.output?.text.split('\n') ?? [];
    expect(lines).toHaveLength(41);
    expect(lines.slice(19, 22)).toEqual(['line 20', '… 60 lines left out …', 'line 81']);
    expect(card.output?.truncated).toBe(true);
    expect(ids(card)).toEqual(['view']);
    expect(shown(facts, { kept: kept(text) }).output?.text).toBe(text);
  });

  it('shows the last lines of a running command, where a platform shows it', () => {
    const tail = Buffer.from(Array.from({ length: 100 }, (_, index) => `line ${index + 1}\n`).join(''));
    const live = { tail, totalBytes: tail.length };
    const card = shown({ status: 'EXECUTING' }, { live, codeCharacters: 2000 });
    expect(card.output?.text.split('\n')).toHaveLength(21);
    expect(card.output).toMatchObject({ fromByte: tail.indexOf('line 81'), truncated: true });
  });

  it('names the owner of an agent as they call themselves, with their id', () => {
    const card = agentCard({ agent: agent(), history: [], ownerName: 'Alice' });
    expect(card.fields[0]).toEqual({ label: 'Owner', value: `Alice (${agent().owner})` });
  });

  it('shows the tail of a running command from a whole character on', () => {
    const all = Buffer.from('grün: äöü\n€');
    const tail = all.subarray(3, all.length - 1);
    const card = shown({ status: 'EXECUTING' }, { live: { tail, totalBytes: all.length - 1 } });
    expect(card.output).toEqual({
      text: 'n: äöü\n',
      totalBytes: all.length - 1,
      fromByte: 4,
      truncated: true,
      live: true,
    });
  });

  it('counts the tail of a running command as it is shown, with invisible characters escaped', () => {
    const tail = Buffer.from(`${'\u0007'.repeat(100)}end`);
    const card = shown(
      { status: 'EXECUTING' },
      { live: { tail, totalBytes: tail.length }, outputCharacters: 12 },
    );
    expect(card.output).toMatchObject({ text: '\\x07\\x07end', fromByte: 98, truncated: true });
  });

  it('draws a card of a payload that is no JSON', () => {
    expect(shown({ payload: '{broken' })).toMatchObject({ code: { label: 'Payload', text: '{broken' } });
  });
});

describe('notices', () => {
  it('of an error: code, message, what to do', async () => {
    const hint = '10 of 10 agents are live: stop one or raise AIRLOCK_MAX_AGENTS';
    await golden(
      errorCard(new AppError('TOO_MANY_AGENTS', 'cannot create "box\u0007"', { hint }), '/agent'),
      'error-busy',
    );
    await golden(errorCard(new AppError('NOT_ALLOWED', 'stop is for admins'), '/agent'), 'error-denied');
  });

  it('of a thread, the team and a coming stop', async () => {
    const thread = agent().thread;
    const [notice, team, warning, status] = events(
      { type: 'notice', thread, title: 'A request was lost', text: 'ask again', tone: 'warning' },
      { type: 'team.notice', title: 'Audit head 3', text: 'audit verify --head 3:abc', tone: 'neutral' },
      { type: 'agent.warning', agentId: agent().id, reason: 'idle', stopsAt: NOW },
      { type: 'agent.status', agentId: agent().id, from: null, to: 'PENDING', reason: null },
    );
    const cards = [notice, team, warning].map((event) =>
      event === undefined ? null : eventCard(event, { agent: agent(), action: null, votes: [] }),
    );
    for (const [index, name] of ['thread', 'team', 'coming-stop'].entries()) {
      const card = cards[index];
      expect(card).not.toBeNull();
      if (card) await golden(card, `notice-${name}`);
    }
    expect(
      status === undefined ? undefined : eventCard(status, { agent: null, action: null, votes: [] }),
    ).toBeNull();
    await golden(
      receiptCard('your approval of exec k3x9abcdefgh is on record: 1 more approval needed'),
      'notice-receipt',
    );
  });
});

describe('the form of a create', () => {
  it('offers the images, the default first, and a network that nobody has to ask for', async () => {
    const form = createForm(['busybox', 'node']);
    await expect(`${JSON.stringify(form, null, 2)}\n`).toMatchFileSnapshot('golden/form-create.json');
    const many = createForm(Array.from({ length: 40 }, (_, index) => `image${index}`));
    expect(many.inputs.find(({ name }) => name === 'image')?.choices).toHaveLength(25);
  });
});

describe('answers', () => {
  const registry = createCommandRegistry({ images: { list: async () => [] } });
  const capabilities = {
    pause: true,
    stats: true,
    diskLimit: true,
    network: 'sandbox',
    attach: false,
    snapshot: false,
    enforced: { cpu: true, memory: true, processes: true },
  } as const;
  const done = action({ status: 'COMPLETED', result: { exec: exec() } });
  const answers: Record<string, Answer> = {
    help: { kind: 'help', root: '/agent', commands: registry.commands, topic: null },
    'help-exec': {
      kind: 'help',
      root: '/agent',
      commands: registry.commands,
      topic: registry.find('exec'),
    },
    'menu-stranger': { kind: 'menu', root: '/agent', role: 'stranger' },
    'menu-viewer': { kind: 'menu', root: '/airlock', role: 'viewer' },
    'menu-operator': { kind: 'menu', root: '/agent', role: 'operator' },
    agents: {
      kind: 'agents',
      root: '/agent',
      agents: [agent(), agent({ name: 'old', status: 'STOPPED' })],
      all: true,
      mine: false,
      now: NOW,
    },
    'agents-none': { kind: 'agents', root: '/airlock', agents: [], all: false, mine: true, now: NOW },
    status: {
      kind: 'status',
      agent: agent(),
      history: agentHistory('PENDING', 'CREATING', 'RUNNING'),
      usage: { cpuSeconds: 2.5, memoryBytes: 20 * 1024 * 1024, processes: 3, diskBytes: 4096 },
      actions: [done],
      now: NOW,
    },
    logs: {
      kind: 'logs',
      agent: agent(),
      entries: [
        { action: done, output: kept('hello\n') },
        { action: action({ id: 'z1', status: 'EXECUTING' }), output: null },
      ],
    },
    'logs-none': { kind: 'logs', agent: agent(), entries: [] },
    approvals: {
      kind: 'approvals',
      root: '/airlock',
      items: [
        { action: action(), agentName: 'box', mayVote: true, why: null },
        { action: action({ id: 'z1' }), agentName: 'box', mayVote: false, why: 'you asked for it' },
      ],
      now: NOW,
    },
    'approvals-none': { kind: 'approvals', root: '/agent', items: [], now: NOW },
    audit: {
      kind: 'audit',
      entries: [
        {
          seq: 1,
          at: NOW,
          type: 'action.submitted',
          actionId: 'k3x9abcdefgh',
          agentId: null,
          actor: 'fake:alice',
          data: {},
          previousHash: AUDIT_GENESIS,
          hash: 'f'.repeat(64),
        },
      ],
      head: { seq: 1, hash: 'f'.repeat(64) },
    },
    'audit-none': { kind: 'audit', entries: [], head: { seq: 0, hash: AUDIT_GENESIS } },
    runtimes: {
      kind: 'runtimes',
      info: {
        runtimes: [
          {
            type: 'gvisor',
            available: true,
            version: 'release-20260101',
            platform: 'systrap',
            missing: [],
            howToGet: [],
            warnings: ['older than a year'],
            capabilities,
          },
          {
            type: 'kata',
            available: false,
            version: null,
            platform: null,
            missing: ['no /dev/kvm'],
            howToGet: ['enable virtualisation'],
            warnings: [],
            capabilities,
          },
        ],
        defaultType: 'gvisor',
        preferredType: null,
        live: 1,
        maxAgents: 10,
        running: 1,
        host: { cpuCores: 2, memoryMb: 4096, freeDiskMb: 20_480 },
      },
      channels: [
        { name: 'slack', health: { state: 'down', detail: 'invalid_auth: make a new token', since: NOW } },
        { name: 'discord', health: { state: 'up', detail: null, since: NOW } },
        { name: 'terminal', health: null },
      ],
    },
    'stop-all': { kind: 'stop-all', root: '/agent', agents: [agent()] },
    'stop-all-none': { kind: 'stop-all', root: '/agent', agents: [] },
  };

  it('a runtime that is missing is a fact, and a warning where the configuration names it', () => {
    const { runtimes } = answers;
    if (runtimes?.kind !== 'runtimes') throw new Error('no runtimes');
    const missing = ['kata: no /dev/kvm', 'kata: enable virtualisation'];
    const preferred = { ...runtimes.info, defaultType: null, preferredType: 'kata' };
    const named = runtimes.info.runtimes.map((info) => ({ ...info, configured: info.type === 'kata' }));

    const quiet = answerCard(runtimes, 3000);
    const loud = answerCard({ ...runtimes, info: preferred }, 3000);
    const configured = answerCard({ ...runtimes, info: { ...runtimes.info, runtimes: named } }, 3000);

    expect(quiet.text).toEqual(['kata is not used: no /dev/kvm; enable virtualisation']);
    expect(quiet.warnings.join()).not.toContain('kata');
    expect(configured.warnings).toEqual(expect.arrayContaining(missing));
    expect(loud.warnings).toEqual(expect.arrayContaining(missing));
    expect(loud.text).toEqual([]);
    expect(loud.fields).toContainEqual({
      label: 'Default',
      value: 'kata, which is not available: an agent without --sandbox is refused',
    });
  });

  it.each(Object.keys(answers))('%s', async (name) => {
    const answer = answers[name];
    expect(answer).toBeDefined();
    if (answer !== undefined) await golden(answerCard(answer, 3000), `answer-${name}`);
  });
});
