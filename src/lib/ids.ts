import { randomInt } from 'node:crypto';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const ALPHABET = `${LETTERS}0123456789`;

/**
 * Random `[a-z0-9]` of a fixed length, a letter first. Fixed because runsc matches ids by prefix: `x1` would be
 * ambiguous beside `x11`.
 */
export function randomId(length: number): string {
  let id = LETTERS[randomInt(LETTERS.length)] ?? 'a';
  while (id.length < length) id += ALPHABET[randomInt(ALPHABET.length)] ?? 'a';
  return id;
}

/** 26 characters, about 134 bits: agents and containers. */
export const newAgentId = (): string => randomId(26);
export const newContainerId = (): string => randomId(26);
/** 12 characters, about 61 bits: short enough to type, unique is checked on insert. */
export const newActionId = (): string => randomId(12);
export const newExecId = (): string => randomId(16);

/** The pattern of every id handed to a runtime. */
export const CONTAINER_ID_PATTERN = /^[a-z][a-z0-9]{25}$/;
