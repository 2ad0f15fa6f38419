/** The operator's commands: `npm run airlock -- <command>`. */
import { once } from 'node:events';
import { checkChannels, registerDiscordCommands } from '../channels/registry.ts';
import { runCli } from './cli/run-cli.ts';
import { commandShapes } from './commands/shapes.ts';
import { hostFacts } from './doctor/host-facts.ts';

// Who reads may stop early (`audit export | head`): no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  out: async (text) => {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  },
  err: (text) => void process.stderr.write(text),
  facts: hostFacts,
  checkChannels: (config) => checkChannels(config, commandShapes()),
  registerDiscordCommands: (config) => registerDiscordCommands(config, commandShapes()),
});
