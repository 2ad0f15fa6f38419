/** Numbers of Discord that count things over time; sizes stand with their rules. */
export const LIMITS = {
  /** Answer to an interaction. */
  answerMs: 3_000,
  /** Life of an interaction's token. */
  tokenMs: 15 * 60_000,
  /** "The past few minutes" of `enforce_nonce`. */
  nonceMs: 3 * 60_000,
  requestsPerSecond: 50,
  /** 401, 403 and 429 answers in ten minutes before the address is banned. */
  invalidRequests: 10_000,
  /** Sessions started in 24 hours; one more resets the token. */
  identifies: 1_000,
  /** Between two identifies of one shard; 0 lets a test restart its bot at once. */
  identifyGapMs: 5_000,
  /** Gateway messages of a client in 60 s. */
  gatewaySends: 120,
  gatewayBytes: 4_096,
  /** How long a lost session can be resumed. */
  resumeMs: 3 * 60_000,
  activeThreads: 1_000,
  /** Renames of one channel or thread in ten minutes; no header tells of it. */
  renames: 2,
  /** Edits in an hour of messages older than one hour, for a channel (30046); Discord's own number is not published. */
  oldEdits: 30,
  /** Command creations in a day for a guild. */
  commandCreates: 200,
  fileBytes: 10 * 1024 * 1024,
  requestBytes: 25 * 1024 * 1024,
};

export type Limits = typeof LIMITS;
