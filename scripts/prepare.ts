/**
 * Loads what the bot loads and ends: Node then has the sources without their types, compiled, in NODE_COMPILE_CACHE.
 * Run by start.sh once after a change.
 */
import '../src/main.ts';
import '../src/config/parse-policy.ts';
import '../channels/terminal/terminal-channel.ts';
