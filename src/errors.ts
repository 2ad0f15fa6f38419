/**
 * Every error Airlock raises on purpose, by code. The list is closed: each code has its paragraph in
 * `docs/errors.md` and there is none there that is not here (a test compares the two).
 *
 * `input`: the person can mend the request. `denied`: the person may not. `state`: the object is not in a state that
 * allows it. `busy`: try again later. `host`: the operator must mend the machine or its configuration.
 * `fault`: a defect of Airlock or an outside program.
 */
export const ERROR_KINDS = {
  // What was asked
  INVALID_INPUT: 'input',
  UNKNOWN_COMMAND: 'input',
  UNKNOWN_OPTION: 'input',
  INVALID_LIMIT: 'input',
  INVALID_NAME: 'input',
  NAME_TAKEN: 'input',
  TOO_LONG: 'input',
  AGENT_NOT_FOUND: 'input',
  AGENT_AMBIGUOUS: 'input',
  ACTION_NOT_FOUND: 'input',
  IMAGE_NOT_FOUND: 'input',
  SKILL_NOT_FOUND: 'input',
  HASH_MISMATCH: 'input',
  // Who asked
  NOT_ALLOWED: 'denied',
  SELF_APPROVAL: 'denied',
  ALREADY_VOTED: 'denied',
  QUORUM_IMPOSSIBLE: 'denied',
  // In which state
  WRONG_STATE: 'state',
  ACTION_SETTLED: 'state',
  ACTION_EXPIRED: 'state',
  RECHECK_FAILED: 'state',
  PAYLOAD_NOT_READ: 'state',
  // When
  RATE_LIMITED: 'busy',
  TOO_MANY_AGENTS: 'busy',
  TOO_MANY_PENDING: 'busy',
  RUNTIME_BUSY: 'busy',
  NOT_SAVED: 'busy',
  SHUTTING_DOWN: 'busy',
  // On which machine
  NO_RUNTIME: 'host',
  NOT_ROOT: 'host',
  HOST_CAPACITY: 'host',
  DISK_FULL: 'host',
  NETWORK_UNAVAILABLE: 'host',
  LIMIT_NOT_ENFORCED: 'host',
  CONFIG_INVALID: 'host',
  DATA_DIR_UNUSABLE: 'host',
  DATA_DIR_LOCKED: 'host',
  DATABASE_CORRUPT: 'host',
  DATABASE_NEWER: 'host',
  AUDIT_BROKEN: 'host',
  // What broke
  CREATE_FAILED: 'fault',
  RUNTIME_FAILED: 'fault',
  RUNTIME_TIMEOUT: 'fault',
  SANDBOX_LOST: 'fault',
  CLEANUP_FAILED: 'fault',
  CANCELLED: 'state',
  CHANNEL_PERMANENT: 'fault',
  CHANNEL_TRANSIENT: 'fault',
  INTERNAL: 'fault',
} as const satisfies Record<string, 'input' | 'denied' | 'state' | 'busy' | 'host' | 'fault'>;

export type ErrorCode = keyof typeof ERROR_KINDS;
export type ErrorKind = (typeof ERROR_KINDS)[ErrorCode];

export interface AppErrorOptions {
  /** What to do next, an imperative sentence. */
  hint?: string;
  /** Facts for the log; never secrets. */
  context?: Record<string, unknown>;
  cause?: unknown;
}

/** An error with a code, one line that says action, object, state and reason, and a hint that says what to do. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  readonly context: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.kind = ERROR_KINDS[code];
    this.hint = options.hint;
    this.context = options.context ?? {};
  }
}

/** Whatever was thrown, as an AppError; what is not one becomes INTERNAL with the original as its cause. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AppError('INTERNAL', `unexpected error: ${message}`, { cause: error });
}
