/**
 * Ends everything that one command left running inside a sandbox, for every driver: the driver gives a helper (one
 * process as uid 0 with only CAP_KILL that runs {@link SWEEP_SCRIPT}), this file decides whom it signals.
 */

/** Never touched, nor what runs in its session: the child that keeps the sandbox up. Commands cannot enter a session. */
const INIT_PID = 1;
/** PID 1 runs as this user, commands as another: their `kill -9 -1` does not reach it. */
export const INIT_UID = 65533;
/** Ticks of `starttime` in /proc/<pid>/stat; 100 a second on every Linux that is seen from user space. */
const TICKS_PER_SECOND = 100;

/**
 * Reads commands from standard input, a line each: `look` prints every /proc/<pid>/stat and `end <own pid> <how many
 * there were>`; `STOP`, `TERM`, `KILL` and `CONT` with pids signal; `FREEZE` stops everything but PID 1 and itself, more than
 * once since a fork can slip through. When its input ends it thaws what it froze: the bot may have died in between.
 * One `cat` for all: the shell's own `read` makes a system call a byte, which is 100 times slower here.
 */
export const SWEEP_SCRIPT = `
frozen=
while read -r verb pids; do
  case $verb in
  look)
    set -- /proc/[0-9]*/stat
    /.airlock/busybox cat "$@" 2>/dev/null
    echo "end $$ $#";;
  FREEZE) frozen=1; for n in 1 2 3 4 5 6 7 8; do kill -STOP -1; done;;
  CONT) kill -CONT $pids; frozen=;;
  STOP | TERM | KILL) kill -$verb $pids;;
  esac 2>/dev/null
done
[ -z "$frozen" ] || kill -CONT -1
`;

export const SWEEP_ARGV: readonly string[] = ['/.airlock/busybox', 'sh', '-c', SWEEP_SCRIPT];

export interface ProcessRow {
  pid: number;
  /** One letter as in /proc: R, S, D, T, Z, X. */
  state: string;
  parent: number;
  session: number;
  threads: number;
  /** In ticks since the sandbox's own start. */
  startTicks: number;
}

export interface Look {
  rows: ProcessRow[];
  helperPid: number;
  /** Nothing ended between the listing and the reading: a process that only forks and exits cannot have hidden. */
  complete: boolean;
}

/** What is known of the command whose processes are to end. */
export interface SweepTarget {
  /** The command's first process; null when its pid never became known. */
  pid: number | null;
  /** Host milliseconds since just before the command was started; asked once, when the helper has answered. */
  ageMs(): number;
  /** First processes of other commands in this sandbox, running or ended: their sessions are theirs. */
  otherPids: ReadonlySet<number>;
  /** Another command was running at some time since this one started. */
  overlapped: boolean;
}

export interface Victim {
  row: ProcessRow;
  /** False for an orphan that another command may have left as well. */
  attributable: boolean;
}

/**
 * One record: pid, name, state, parent, group, session, then 13 fields to the number of threads, one more to the start
 * and the rest. The name is at most 15 bytes and may hold anything, a bracket and a newline too: the last bracket in
 * its reach ends it, and the next record starts where this one ends, so that no name can forge a record.
 */
const STAT_RECORD =
  /(\d+) \([^]{0,15}\) ([A-Za-z]) (-?\d+) -?\d+ (-?\d+)(?: -?\d+){13} (-?\d+) -?\d+ (\d+)[ \d-]*\n/y;

/** Parses the answer to `look`, its last line included; null while that is not there. Text is one character a byte. */
export function parseLook(text: string): { look: Look; rest: string } | null {
  const rows: ProcessRow[] = [];
  const record = new RegExp(STAT_RECORD);
  let from = 0;
  for (let match = record.exec(text); match !== null; match = record.exec(text)) {
    const [pid, parent, session, threads, startTicks] = [1, 3, 4, 5, 6].map((group) =>
      Number(match?.[group]),
    );
    rows.push({
      pid: pid ?? 0,
      state: match[2] ?? '?',
      parent: parent ?? 0,
      session: session ?? 0,
      threads: threads ?? 0,
      startTicks: startTicks ?? 0,
    });
    from = record.lastIndex;
  }
  const end = /end (\d+) (\d+)\n/y;
  end.lastIndex = from;
  const last = end.exec(text);
  if (last === null) return null;
  const look = { rows, helperPid: Number(last[1]), complete: rows.length === Number(last[2]) };
  return { look, rest: text.slice(end.lastIndex) };
}

/** A process that has ended and was not reaped yet; one whose first thread alone has ended still runs. */
export function isDead(row: ProcessRow): boolean {
  return row.state === 'X' || (row.state === 'Z' && row.threads <= 1);
}

/** What one sweep has learned so far; the looks after the first need it, when parents are dead already. */
export interface SweepMemory {
  /** The exact start of the command, once it was seen; before, the earliest that is possible. */
  sinceTicks: number | null;
  /** Identities (`pid:start`) that were seen below the command. */
  own: Set<string>;
}

export const newSweepMemory = (): SweepMemory => ({ sinceTicks: null, own: new Set() });

/**
 * The command's tree, and every orphan (parent 1) that started after the command and is in no other command's
 * session, each with all that descends from it. Never PID 1, what is in its session, the helper or what is dead.
 */
export function selectVictims(look: Look, target: SweepTarget, memory: SweepMemory): Victim[] {
  const byPid = new Map(look.rows.map((row) => [row.pid, row]));
  const earliest = memory.sinceTicks ?? earliestStart(byPid.get(look.helperPid), target.ageMs());
  const root = target.pid === null ? undefined : byPid.get(target.pid);
  // A pid that was given away again belongs to a child of somebody or is older than the command can be.
  const rootIsOurs = root !== undefined && root.parent === 0 && root.startTicks >= earliest;
  memory.sinceTicks = rootIsOurs ? root.startTicks : earliest;
  const since = memory.sinceTicks;
  const sessionIsOurs = root === undefined || rootIsOurs;

  const verdicts = new Map<number, Victim['attributable'] | null>();
  // A process on its way out shows pid 0, which `kill` would take for the helper's own group.
  const safe = (row: ProcessRow) =>
    row.pid <= INIT_PID || row.session === INIT_PID || row.pid === look.helperPid;
  const verdictOf = (row: ProcessRow): boolean | null => {
    if (safe(row)) return null;
    if (row === root && rootIsOurs) return true;
    if (memory.own.has(identity(row))) return true;
    if (sessionIsOurs && row.session === target.pid && row.startTicks >= since) return true;
    if (row.parent === 0) return isUnknownRoot(row, target, since) ? !target.overlapped : null;
    const parent = byPid.get(row.parent);
    // A parent that is not there ended during the look: its child is an orphan by now.
    if (parent !== undefined && row.parent !== INIT_PID) return verdicts.get(parent.pid) ?? null;
    if (row.startTicks < since || target.otherPids.has(row.session)) return null;
    return !target.overlapped;
  };
  for (const row of parentsFirst(look.rows, byPid)) verdicts.set(row.pid, verdictOf(row));

  return look.rows.flatMap((row) => {
    const attributable = verdicts.get(row.pid) ?? null;
    if (attributable === null) return [];
    if (attributable) memory.own.add(identity(row));
    return isDead(row) ? [] : [{ row, attributable }];
  });
}

/** When a command's pid never became known, a first process that nobody else claims is taken for its own. */
function isUnknownRoot(row: ProcessRow, target: SweepTarget, since: number): boolean {
  return target.pid === null && row.startTicks >= since && !target.otherPids.has(row.pid);
}

/** The helper started at most `ageMs` after the command did, so the command cannot be older than this. */
function earliestStart(helper: ProcessRow | undefined, ageMs: number): number {
  if (helper === undefined) return 0;
  return helper.startTicks - Math.ceil((ageMs / 1000) * TICKS_PER_SECOND) - 1;
}

const identity = (row: ProcessRow): string => `${row.pid}:${row.startTicks}`;

/** A child after its parent, whatever the pids are; a ring (two reads at different times) is cut anywhere. */
function parentsFirst(rows: readonly ProcessRow[], byPid: ReadonlyMap<number, ProcessRow>): ProcessRow[] {
  const ordered: ProcessRow[] = [];
  const seen = new Set<ProcessRow>();
  for (const start of rows) {
    const chain: ProcessRow[] = [];
    for (
      let row: ProcessRow | undefined = start;
      row !== undefined && !seen.has(row);
      row = byPid.get(row.parent)
    ) {
      seen.add(row);
      chain.push(row);
    }
    ordered.push(...chain.toReversed());
  }
  return ordered;
}

/** The running helper, as the driver hands it over. */
export interface SweepHelper {
  look(): Promise<Look>;
  signal(name: 'STOP' | 'TERM' | 'KILL' | 'CONT', pids: readonly number[]): Promise<void>;
  /** Stops everything but PID 1 and the helper, until CONT. */
  freeze(): Promise<void>;
}

/** For the audit: who was killed, and that a look afterwards found nothing. */
export interface SweepEvidence {
  /** Pids inside, in the order they were first killed. */
  killed: number[];
  /** Those of them that a concurrent command may have left as well. */
  unattributable: number[];
  looks: number;
  /** Everything in the sandbox was stopped for a moment, because the target forked faster than it could be stopped. */
  froze: boolean;
  /** What the last look still found; empty when the sweep is complete. */
  left: number[];
  /** Nothing ended during the last look, so nothing can have hidden from it. */
  lastLookComplete: boolean;
  /** Processes that count against the limit at the first look. */
  processesAtStart: number;
}

/** Each costs 10 ms; a bomb needs about ten. */
const MAX_LOOKS = 60;
/** Rounds in which only the victims are stopped; a target that still moves after these forks faster than we look. */
const GENTLE_ROUNDS = 4;
/** Empty looks during which something ended, for example because another command is busy, before one is believed. */
const MAX_INCOMPLETE_LOOKS = 12;

/**
 * STOP until nothing new runs, KILL, look again; ends when a look finds nothing, or at a bound with `left` filled. Two
 * sweeps in one sandbox must not run at once: they could freeze each other.
 */
export async function sweep(helper: SweepHelper, target: SweepTarget): Promise<SweepEvidence> {
  const memory = newSweepMemory();
  const killed = new Map<string, Victim>();
  let froze = false;
  let incomplete = 0;
  let processesAtStart = 0;

  async function kill(victims: readonly Victim[]): Promise<void> {
    for (const victim of victims) {
      const key = identity(victim.row);
      if (!killed.has(key)) killed.set(key, victim);
    }
    if (victims.length > 0) await helper.signal('KILL', pidsOf(victims));
  }

  for (let looks = 1; ; looks += 1) {
    let look = await helper.look();
    let victims = selectVictims(look, target, memory);
    if (looks === 1) {
      processesAtStart = look.rows.filter(
        (row) => row.session !== INIT_PID && row.pid !== look.helperPid,
      ).length;
    }
    if (victims.length === 0 && !look.complete) incomplete += 1;
    const believed = look.complete || incomplete > MAX_INCOMPLETE_LOOKS;
    if ((victims.length === 0 && believed) || looks >= MAX_LOOKS) {
      const all = [...killed.values()];
      return {
        killed: pidsOf(all),
        unattributable: pidsOf(all.filter((victim) => !victim.attributable)),
        looks,
        froze,
        left: pidsOf(victims),
        lastLookComplete: look.complete,
        processesAtStart,
      };
    }
    if (looks > GENTLE_ROUNDS) {
      const stoppedBefore = new Set(look.rows.filter(isStopped).map(identity));
      froze = true;
      await helper.freeze();
      look = await helper.look();
      victims = selectVictims(look, target, memory);
      await kill(victims);
      const doomed = new Set(pidsOf(victims));
      const others = look.rows.filter(
        (row) => isStopped(row) && !doomed.has(row.pid) && !stoppedBefore.has(identity(row)),
      );
      await helper.signal(
        'CONT',
        others.map((row) => row.pid),
      );
      continue;
    }
    const moving = victims.filter(({ row }) => !isStopped(row) && !killed.has(identity(row)));
    if (moving.length > 0 && looks < GENTLE_ROUNDS) await helper.signal('STOP', pidsOf(moving));
    else await kill(victims);
  }
}

/** Everything but PID 1, what is in its session, the helper, and first processes of commands when they are a wrapper of ours. */
export function commandProcesses(look: Look, options: { wrapped: boolean }): ProcessRow[] {
  return look.rows.filter(
    (row) =>
      row.pid > INIT_PID &&
      row.session !== INIT_PID &&
      row.pid !== look.helperPid &&
      !(options.wrapped && row.parent === 0) &&
      !isDead(row),
  );
}

const isStopped = (row: ProcessRow): boolean => row.state === 'T' || row.state === 't';
const pidsOf = (victims: readonly Victim[]): number[] => victims.map(({ row }) => row.pid);
