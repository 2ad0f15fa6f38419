/**
 * PID 1 of every sandbox. A TERM to all must end the commands and leave PID 1 to wait for them: the kernel kills everything
 * else when PID 1 ends. tini hands TERM to its child, and an ignored signal stays ignored over exec.
 */
export const INIT_ARGV = [
  '/.airlock/tini',
  '--',
  '/.airlock/busybox',
  'sh',
  '-c',
  "trap '' TERM HUP INT; exec /.airlock/busybox sleep 2147483647",
] as const;

/** tini and the process it waits for, when RLIMIT_NPROC is asked lower than that. */
export const INIT_PROCESSES = 2;
/** Host file descriptors stand behind those inside; the host's own limit for a process is often 20,000. */
export const MAX_OPEN_FILES = 4096;
