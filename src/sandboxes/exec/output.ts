import { createHeadTail } from '../../lib/head-tail.ts';
import { DEFAULT_MAX_OUTPUT_BYTES, type ExecRequest, type OutputSink } from '../sandbox.ts';

/** Before the command has started, what comes on standard error is the client program's own: it is held back until that is known. */
export function createExecOutput(request: ExecRequest, sink: OutputSink, started: Promise<number | null>) {
  const cap = request.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
  const kept = { stdout: createHeadTail(cap), stderr: createHeadTail(cap) };
  let said = '';
  return {
    ...kept,
    saidBeforeStart: () => said,
    async write(stream: 'stdout' | 'stderr', chunk: Uint8Array): Promise<void> {
      if ((await started) === null) {
        said = `${said}${Buffer.from(chunk).toString('utf8')}`.slice(-4000);
        return;
      }
      kept[stream].push(chunk);
      await sink.write(stream, chunk);
    },
  };
}
