/**
 * The process edge: `npm start`. Exit codes: 0 it ended as asked (SIGTERM and SIGHUP too); 1 it could not start, or a
 * piped line failed; 70 a defect of Airlock (see the log); 130 it was interrupted (SIGINT), or forced by a second signal.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createApp, type App } from './app.ts';
import { type LoadedConfig, loadConfig } from './config/load-config.ts';
import { AppError, toAppError } from './errors.ts';
import { createLogger, type Logger } from './lib/logger.ts';
import { createRedactor } from './lib/redact.ts';

const EXIT_REFUSED = 1;
const EXIT_DEFECT = 70;
const EXIT_INTERRUPTED = 130;
/** Stopping every agent takes at most the stop deadline (30 s); what takes longer is stuck. */
const STOP_DEADLINE_MS = 90_000;
/** After a defect nothing inside can be trusted to end. */
const DEFECT_STOP_DEADLINE_MS = 10_000;
const KEEP_ALIVE_MS = 2 ** 30;

const redactor = createRedactor();

// Only loaded, and not started, by scripts/prepare.ts.
if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    report(error);
    process.exit(error instanceof AppError ? EXIT_REFUSED : EXIT_DEFECT);
  }
}

async function main(): Promise<void> {
  const config = await loadConfig({ env: process.env, cwd: process.cwd(), redactor });
  requireRoot();
  const isTty = process.stdin.isTTY && process.stdout.isTTY && process.env['TERM'] !== 'dumb';
  const log = createLogger({
    level: config.environment.AIRLOCK_LOG_LEVEL,
    redactor,
    // Lines of a log would tear the edited line of the terminal apart.
    ...(isTty && config.channels.includes('terminal') ? { write: logFile(config) } : {}),
  });
  for (const warning of config.warnings) log.warn({ warning }, 'configuration');

  const app = createApp(config, {
    log,
    terminal: {
      input: process.stdin,
      output: process.stdout,
      isTty,
      env: process.env,
      onExit: (code) => void end(app, log, code, STOP_DEADLINE_MS),
    },
  });
  // Timers inside never keep the process alive: it lives until it is told to end.
  setInterval(() => {}, KEEP_ALIVE_MS);
  handleSignals(app, log);
  handleDefects(app, log);
  await app.start();
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new AppError('NOT_ROOT', 'Airlock needs root to run sandboxes and was started without it', {
    hint: `cd ${process.cwd()} && sudo -E env "PATH=$PATH" npm start`,
  });
}

/** Appends to `<dataDir>/airlock.log`; where that cannot be written, standard error is better than nothing. */
function logFile(config: LoadedConfig): (line: string) => void {
  const path = join(config.dataDir, 'airlock.log');
  return (line) => {
    try {
      appendFileSync(path, line, { mode: 0o600 });
    } catch {
      process.stderr.write(line);
    }
  };
}

let ending = false;

/** Stops the bot and ends the process; `code` unless stopping fails or takes longer than `deadlineMs`. */
async function end(app: App, log: Logger, code: number, deadlineMs: number): Promise<void> {
  if (ending) return;
  ending = true;
  const deadline = setTimeout(() => {
    log.error({ deadlineMs }, 'stopping took too long; the next start cleans up');
    process.exit(EXIT_DEFECT);
  }, deadlineMs);
  try {
    await app.stop();
  } catch (error) {
    log.error({ err: error }, 'stopping failed; the next start cleans up');
    report(error);
    process.exit(code === 0 ? EXIT_DEFECT : code);
  }
  clearTimeout(deadline);
  process.exit(code);
}

function handleSignals(app: App, log: Logger): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (ending) process.exit(EXIT_INTERRUPTED);
      log.info({ signal }, 'stopping');
      void end(app, log, signal === 'SIGINT' ? EXIT_INTERRUPTED : 0, STOP_DEADLINE_MS);
    });
  }
}

function handleDefects(app: App, log: Logger): void {
  const onDefect = (error: unknown) => {
    log.error({ err: error }, 'a defect of Airlock');
    process.stderr.write('airlock: stopped by a defect of its own; the log says more\n');
    void end(app, log, EXIT_DEFECT, DEFECT_STOP_DEADLINE_MS);
  };
  process.on('uncaughtException', onDefect);
  process.on('unhandledRejection', onDefect);
}

/** One line and what to do; never a stack. */
function report(error: unknown): void {
  const { message, hint } = toAppError(error);
  process.stderr.write(redactor.scrub(`airlock: ${message}${hint === undefined ? '' : ` (${hint})`}\n`));
}
