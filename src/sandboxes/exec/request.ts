import { AppError } from '../../errors.ts';
import { SAFE_PATH } from '../../lib/run.ts';
import { INIT_UID } from '../process-sweep.ts';
import type { ExecRequest } from '../sandbox.ts';
import { EXEC_ID_PATTERN } from './record.ts';
import type { ProcessSpec } from './client.ts';

/** Commands run as this user; the init as another, so that `kill -9 -1` inside does not reach it. */
export const COMMAND_USER = { uid: 65534, gid: 65534 } as const;
const DEFAULT_CWD = '/workspace';
const SHELL = '/bin/sh';

/** What the sandbox was made for; becomes part of every command's environment. */
export interface ExecIdentity {
  /** The agent's name, `AIRLOCK_AGENT`. */
  name: string;
  environment: Record<string, string>;
}

export interface CommandProcess extends ProcessSpec {
  user: { uid: number; gid: number };
  /** For messages. */
  description: { program: string; shell: boolean };
}

/** The process of a request with everything said, since releases of runsc fill in different things. Throws INVALID_INPUT. */
export function commandProcess(request: ExecRequest, identity: ExecIdentity): CommandProcess {
  const shell = 'shell' in request.command;
  const args = 'shell' in request.command ? [SHELL, '-c', request.command.shell] : request.command.argv;
  const program = args[0];
  const user = request.user ?? COMMAND_USER;
  const environment = {
    PATH: SAFE_PATH,
    HOME: DEFAULT_CWD,
    ...identity.environment,
    ...request.env,
    AIRLOCK_AGENT: identity.name,
  };
  const cwd = request.cwd ?? DEFAULT_CWD;
  if (!EXEC_ID_PATTERN.test(request.execId))
    throw invalid(`not an execution id: ${JSON.stringify(request.execId)}`);
  if (program === undefined || program === '') throw invalid('the command is empty');
  if (!cwd.startsWith('/')) throw invalid(`the working directory ${JSON.stringify(cwd)} is not absolute`);
  if (user.uid === INIT_UID)
    throw invalid(`user ${INIT_UID} is the sandbox's own: commands cannot run as it`);
  if (!Number.isFinite(request.timeoutMs) || request.timeoutMs <= 0)
    throw invalid(`timeout of ${request.timeoutMs} ms`);
  if ([...args, cwd, ...Object.entries(environment).flat()].some((text) => text.includes('\0'))) {
    throw invalid('the command holds a NUL byte, which no program can be given');
  }
  return {
    args,
    env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    cwd,
    user,
    description: { program, shell },
  };
}

function invalid(message: string): AppError {
  return new AppError('INVALID_INPUT', message);
}
