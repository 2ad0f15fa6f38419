import { type Logger as BoltLogger, LogLevel } from '@slack/bolt';
import type { Logger } from '../../src/lib/logger.ts';

/**
 * The library's lines in our log. Its debug lines hold whole payloads and are never made; what it calls an error is, as a rule,
 * the platform's trouble and handled here, so nothing is louder than a warning.
 */
export function createBoltLogger(log: Logger): BoltLogger {
  const line = (parts: readonly unknown[]) => {
    const [first] = parts;
    return { said: first instanceof Error ? first.message : String(first) };
  };
  return {
    debug: () => {},
    info: (...parts) => log.debug(line(parts), 'slack library'),
    warn: (...parts) => log.warn(line(parts), 'slack library'),
    error: (...parts) => log.warn(line(parts), 'slack library'),
    setLevel: () => {},
    setName: () => {},
    getLevel: () => LogLevel.INFO,
  };
}
