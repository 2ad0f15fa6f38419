import { pino, stdSerializers, type Logger as PinoLogger } from 'pino';
import type { Redactor } from './redact.ts';

/** error = our bug; warn = look at it in batches; info = what happened; debug = how. Static text, facts as fields. */
export type Logger = Pick<PinoLogger, 'error' | 'warn' | 'info' | 'debug'> & {
  child(fields: object): Logger;
};

export interface LoggerOptions {
  /** Default `info`. */
  level?: string;
  /** Every line passes it, so registered secrets never reach the log. */
  redactor: Redactor;
  /** Where lines go. Default standard error. */
  write?: (line: string) => void;
}

/** JSON lines, scrubbed. The caller owns the destination. */
export function createLogger(options: LoggerOptions): Logger {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  return pino(
    {
      level: options.level ?? 'info',
      base: null,
      // Without these an error would be written as `{}`: message and stack are no own enumerable members.
      serializers: { error: stdSerializers.err, err: stdSerializers.err, cause: stdSerializers.err },
    },
    { write: (line: string) => write(options.redactor.scrub(line)) },
  );
}

/** Says nothing. */
export const silentLogger: Logger = pino({ level: 'silent' });
