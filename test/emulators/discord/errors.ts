/** An answer of Discord that refuses. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: number;
  /** Where in the body the error sits, for 50035. */
  readonly errors: unknown;

  constructor(status: number, code: number, message: string, errors?: unknown) {
    super(message);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

/** A 429 that no bucket told of before. */
export class Slowdown extends Refusal {
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number, code = 0, message = 'You are being rate limited.') {
    super(429, code, message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Where a body breaks a rule. */
export interface Problem {
  /** `components.0.components.2.custom_id`, empty for the body as a whole. */
  at: string;
  code: string;
  message: string;
  /** Short name for the list of violations. */
  rule: string;
}

/** Discord's codes that the emulator answers with, their status and text. */
const REFUSALS = {
  10003: [404, 'Unknown Channel'],
  10004: [404, 'Unknown Guild'],
  10007: [404, 'Unknown Member'],
  10008: [404, 'Unknown Message'],
  10013: [404, 'Unknown User'],
  10015: [404, 'Unknown Webhook'],
  10062: [404, 'Unknown interaction'],
  10063: [404, 'Unknown application command'],
  20001: [403, 'Bots cannot use this endpoint'],
  30015: [400, 'Maximum number of attachments in a message reached (10)'],
  30032: [400, 'Maximum number of application commands reached (100)'],
  30034: [400, 'Maximum number of daily application command creates has been reached (200)'],
  40005: [413, 'Request entity too large'],
  40060: [400, 'Interaction has already been acknowledged.'],
  50001: [403, 'Missing Access'],
  50005: [403, 'Cannot edit a message authored by another user'],
  50006: [400, 'Cannot send an empty message'],
  50007: [403, 'Cannot send messages to this user'],
  50013: [403, 'Missing Permissions'],
  50024: [400, 'Cannot execute action on this channel type'],
  50027: [401, 'Invalid Webhook Token'],
  50083: [400, 'Thread is archived'],
  50109: [400, 'The request body contains invalid JSON.'],
  160004: [400, 'A thread has already been created for this message'],
  160005: [400, 'Thread is locked'],
  160006: [400, 'Maximum number of active threads reached'],
} as const satisfies Record<number, readonly [number, string]>;

/** @throws Refusal, which the server turns into its answer. */
export function refuse(code: keyof typeof REFUSALS): never {
  const [status, message] = REFUSALS[code];
  throw new Refusal(status, code, message);
}

/** @throws Refusal with 50035 when there are problems. */
export function refuseInvalid(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const errors: Record<string, unknown> = {};
  for (const { at, code, message } of problems) {
    let node = errors;
    for (const key of at.split('.').filter((part) => part !== '')) {
      const next = node[key];
      node = isTree(next) ? next : (node[key] = {} satisfies Record<string, unknown>);
    }
    const known = node['_errors'];
    node['_errors'] = [...(Array.isArray(known) ? known : []), { code, message }];
  }
  throw new Refusal(400, 50035, 'Invalid Form Body', errors);
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
