import { parseParams } from './params.ts';
import type { Command, CommandSpec } from './types.ts';
import { usageHint } from './usage.ts';

/** The root command as people type it, where no channel has renamed it. */
export const DEFAULT_ROOT = '/agent';

/** Makes a command of its definition: parameters are parsed before `run` sees them. */
export function defineCommand<Params>(spec: CommandSpec<Params>): Command {
  return {
    ...spec,
    run: async (raw, context) =>
      spec.run(parseParams(spec.name, spec.params, raw, usageHint(spec, context.root)), context),
  };
}
