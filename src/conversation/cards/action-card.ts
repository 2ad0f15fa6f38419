import type { KeptText } from '../../agents/types.ts';
import { shortHash } from '../../lib/canonical-json.ts';
import { count, formatBytes, formatDuration, formatTime } from '../../lib/format.ts';
import type { ActionRecord, ExecResult, Vote } from '../../model/action.ts';
import type { EventRecord } from '../../model/event.ts';
import type { LiveOutput } from '../../orchestrator/types.ts';
import { escapeText } from '../../lib/escape-text.ts';
import type { Button, Card, CardOutput } from '../card.ts';
import { card, fields, state } from './blank.ts';
import { approveForm, denyForm } from './forms.ts';
import { type CardRoom, finishedOutput, isOutputCut, runningOutput } from './output.ts';
import { type PayloadView, readPayload } from './payload.ts';
import { causeInWords, hintInWords, kindInWords, limitsInWords, networkInWords } from './words.ts';

export type { CardRoom } from './output.ts';
/** Everything: for the full text. */
export const UNLIMITED_ROOM: CardRoom = {
  outputCharacters: Number.POSITIVE_INFINITY,
  codeCharacters: Number.POSITIVE_INFINITY,
};

export interface ActionCardState extends CardRoom {
  action: ActionRecord;
  /** Null where the action is about no agent. */
  agentName: string | null;
  /** The agent's owner, a principal; null where the action is about no agent. */
  agentOwner: string | null;
  /** Of the agent; they stand on every card about it. */
  agentWarnings: readonly string[];
  votes: readonly Vote[];
  /** Its `action.status` events, oldest first. */
  history: readonly EventRecord[];
  kept: KeptText | null;
  live: LiveOutput | null;
}

/** One action as it is now: what was asked, who decided, what ran and what came of it. */
export function actionCard(now: ActionCardState): Card {
  const { action, agentName, votes } = now;
  const payload = readPayload(action.payload);
  const name = agentName ?? payload.params.name ?? null;
  return card('action', `${kindInWords(action.kind)}${name === null ? '' : ` ${name}`}`, {
    state: stateOf(action, votes),
    fields: [
      ...(isRoutine(action) ? routineFields(now, payload) : requestFields(action, payload, votes)),
      ...resultFields(action),
    ],
    code: codeOf(action),
    output: outputOf(now),
    timeline: timelineOf(action, now.history, votes),
    text: textsOf(action, votes),
    warnings: [...now.agentWarnings, ...(action.result?.exec?.hints ?? []).map(hintInWords)],
    buttons: buttonsOf(action, isCut(now)),
  });
}

/** It needed nobody's approval: its card says what runs and what came of it; `status`, `logs` and the audit have the rest. */
function isRoutine(action: ActionRecord): boolean {
  return action.approval === null;
}

function stateOf(action: ActionRecord, votes: readonly Vote[]): Card['state'] {
  const exec = action.result?.exec;
  switch (action.status) {
    case 'PENDING': {
      const approvals = votes.filter((vote) => vote.decision === 'approve').length;
      return state(`waiting for approval (${approvals} of ${action.approval?.quorum ?? 1})`, 'waiting');
    }
    case 'APPROVED':
      return state('approved, about to run', 'progress');
    case 'EXECUTING':
      return state('running', 'progress');
    case 'COMPLETED':
      if (exec === undefined) return state('done', 'success');
      return exec.success
        ? state('done, exit code 0', 'success')
        : state(causeInWords(exec.cause, exec), 'warning');
    case 'FAILED':
      return state(exec === undefined ? 'failed' : `failed: ${causeInWords(exec.cause, exec)}`, 'failure');
    case 'REJECTED':
      return state('rejected', 'failure');
    case 'EXPIRED':
      return state('expired', 'neutral');
    case 'CANCELLED':
      return state('cancelled', 'neutral');
    case 'UNKNOWN':
      return state('outcome unknown', 'failure');
  }
}

/** Who asked only where it is not the owner, whom the agent's card names; the id where somebody may have to look into it. */
function routineFields({ action, agentOwner }: ActionCardState, payload: PayloadView) {
  const own = agentOwner === action.requester && !action.persona;
  const wentWrong = action.status === 'FAILED' || action.status === 'UNKNOWN';
  const timedOut = action.result?.exec?.cause === 'timed-out';
  const { timeoutMs } = payload.params;
  return fields(
    ['Asked by', own ? null : askedBy(action)],
    ['Action', wentWrong ? action.id : null],
    ['Timeout', timedOut && timeoutMs !== undefined ? formatDuration(timeoutMs) : null],
  );
}

function askedBy(action: ActionRecord): string {
  return `${action.requesterName} (${action.requester})${action.persona ? ' [persona]' : ''}`;
}

function requestFields(action: ActionRecord, payload: PayloadView, votes: readonly Vote[]) {
  const { params } = payload;
  const creates = action.kind === 'agent.create';
  const limits = payload.limits ?? null;
  // What a command runs in; for a stop or a pause it says nothing.
  const asked = creates || (action.status === 'PENDING' && action.kind === 'agent.exec');
  const network = limits?.networkEnabled ?? null;
  return fields(
    ['Action', action.id],
    ['Asked by', askedBy(action)],
    ['Level', `${action.level}: ${action.rule}`],
    ['Hash', shortHash(action.payloadHash)],
    ['Image', asked && payload.image ? `${payload.image.name} (${payload.image.digest.slice(0, 19)})` : null],
    ['Sandbox', asked ? (payload.sandboxType ?? null) : null],
    ['Skill', params.skillId ?? null],
    ['Limits', asked && limits !== null ? limitsInWords(limits) : null],
    ['Network', asked && network !== null ? networkInWords(network) : null],
    ['Timeout', params.timeoutMs === undefined ? null : formatDuration(params.timeoutMs)],
    ['Time to live', params.timeToLiveMs === undefined ? null : formatDuration(params.timeToLiveMs)],
    ['Force', params.force === true ? 'yes: killed at once' : null],
    ['Agents', params.agents === undefined ? null : String(params.agents.length)],
    ['Approvals', action.status === 'PENDING' ? approvalsOf(action, votes) : null],
    [
      'Expires',
      action.status === 'PENDING' && action.expiresAt !== null ? formatTime(action.expiresAt) : null,
    ],
  );
}

function approvalsOf(action: ActionRecord, votes: readonly Vote[]): string | null {
  const { approval } = action;
  if (approval === null) return null;
  const approved = votes.filter((vote) => vote.decision === 'approve').length;
  const typed = approval.verification === 'typed-hash' ? ', with the typed hash' : '';
  const self = approval.selfApproval ? '' : ', not by the one who asked';
  return `${approved} of ${approval.quorum} by ${approval.roles.join(' or ')}${self}${typed}`;
}

/** How it ended is the card's state. */
function resultFields(action: ActionRecord) {
  const exec = action.result?.exec;
  if (exec === undefined) return [];
  return fields(
    ['Duration', formatDuration(exec.durationMs)],
    ['Output', exec.truncated ? outputInWords(exec) : null],
  );
}

function outputInWords(exec: ExecResult): string {
  const { stdoutBytes, stderrBytes } = exec;
  const errors = stderrBytes === 0 ? '' : ` and ${formatBytes(stderrBytes)} on standard error`;
  return `${formatBytes(stdoutBytes)}${errors}, of which the middle was not kept`;
}

/** What runs, whole: the one answer to what "the code" of an action is. Where it is no command line, the exact payload. */
export function codeOf(action: Pick<ActionRecord, 'payload' | 'approval'>): Card['code'] {
  const { command } = readPayload(action.payload).params;
  if (command !== undefined) return { label: 'Command', text: command };
  return action.approval === null ? null : { label: 'Payload', text: action.payload };
}

/** True where a card with that much room cannot show the code whole: as it is shown, with invisible characters escaped. */
export function isCodeCut(
  action: Pick<ActionRecord, 'payload' | 'approval'>,
  codeCharacters: number,
): boolean {
  const code = codeOf(action);
  return code !== null && escapeText(code.text).length > codeCharacters;
}

/** There is more to see than the card has room for. What was not kept is nowhere to be seen. */
function isCut({ action, kept, ...room }: ActionCardState): boolean {
  if (isCodeCut(action, room.codeCharacters)) return true;
  return kept !== null && isOutputCut(kept.text, codeOf(action)?.text ?? '', room);
}

function outputOf(now: ActionCardState): CardOutput | null {
  if (now.action.status === 'EXECUTING') {
    return now.live === null || now.live.totalBytes === 0 ? null : runningOutput(now.live, now);
  }
  return now.kept === null || now.kept.totalBytes === 0 ? null : finishedOutput(now.kept, now);
}

/**
 * Clicks, decisions and execution are different steps; votes carry the mark of a persona. What nobody decided has no steps worth
 * a line: its state says it.
 */
function timelineOf(action: ActionRecord, history: readonly EventRecord[], votes: readonly Vote[]) {
  if (isRoutine(action)) return [];
  const steps = history.flatMap((event) =>
    event.body.type === 'action.status'
      ? [{ at: event.at, order: 1, label: event.body.to === 'PENDING' ? 'PENDING: asked' : event.body.to }]
      : [],
  );
  const clicks = votes.map((vote) => ({ at: vote.at, order: 0, label: voteInWords(vote) }));
  const asked = steps.length === 0 ? [{ at: action.createdAt, order: 1, label: action.status }] : steps;
  return [...asked, ...clicks]
    .toSorted((a, b) => a.at - b.at || a.order - b.order)
    .map(({ at, label }) => ({ at, label }));
}

function voteInWords(vote: Vote): string {
  const who = `${vote.displayName} (${vote.principal})${vote.persona ? ' [persona]' : ''}`;
  const what = vote.decision === 'approve' ? 'approved' : 'denied';
  return `${who} ${what}${vote.note === null ? '' : `: ${vote.note}`}`;
}

function textsOf(action: ActionRecord, votes: readonly Vote[]): string[] {
  const texts: string[] = [];
  // The vote in the timeline says who denied it and why.
  const denied = action.status === 'REJECTED' && votes.some((vote) => vote.decision === 'deny');
  if (action.status === 'EXPIRED' && action.error === null) {
    texts.push(
      `not decided in time: ${count(votes.length, 'vote')} of the ${action.approval?.quorum ?? 1} needed; ask again if it is still wanted`,
    );
  }
  if (action.result?.message !== undefined) texts.push(action.result.message);
  if (action.error !== null) {
    if (!denied) texts.push(`${action.error.code}: ${action.error.message}`);
    if (action.error.hint !== null) texts.push(action.error.hint);
  }
  return texts;
}

/** Once decided, expired or cancelled nothing can be pressed but to see all of it; a running command can be ended. */
function buttonsOf(action: ActionRecord, cut: boolean): Button[] {
  const view: Button[] = cut
    ? [
        {
          id: 'view',
          label: 'View full',
          style: 'default',
          subject: action.id,
          hash: null,
          opens: null,
        },
      ]
    : [];
  const cancel: Button = {
    id: 'cancel',
    label: 'Cancel',
    style: 'default',
    subject: action.id,
    hash: null,
    opens: null,
  };
  if (action.status === 'PENDING') {
    return [
      {
        id: 'approve',
        label: 'Approve',
        style: 'primary',
        subject: action.id,
        hash: action.payloadHash,
        opens:
          action.approval?.verification === 'typed-hash' ? approveForm(action.id, action.payloadHash) : null,
      },
      {
        id: 'deny',
        label: 'Deny…',
        style: 'danger',
        subject: action.id,
        hash: action.payloadHash,
        opens: denyForm(action.id),
      },
      ...view,
      cancel,
    ];
  }
  if (action.status === 'EXECUTING' && action.kind === 'agent.exec') return [...view, cancel];
  return view;
}
