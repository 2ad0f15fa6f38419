import type { Clock } from '../../../src/lib/clock.ts';

const DISCORD_EPOCH = 1_420_070_400_000n;

/** Snowflakes: they carry the time and only grow. */
export function createIds(clock: Clock): () => string {
  let sequence = 0n;
  let last = 0n;
  return () => {
    sequence += 1n;
    const id = ((BigInt(Math.floor(clock.now())) - DISCORD_EPOCH) << 22n) | (sequence & 0xfffn);
    last = id > last ? id : last + 1n;
    return last.toString();
  };
}
