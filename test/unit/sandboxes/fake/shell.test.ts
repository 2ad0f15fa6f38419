import { describe, expect, it } from 'vitest';
import { newContainerId, newExecId } from '../../../../src/lib/ids.ts';
import { createFakeDriver } from '../../../../src/sandboxes/fake/fake-driver.ts';

async function sh(shell: string) {
  const driver = createFakeDriver();
  const handle = driver.newHandle(newContainerId());
  const never = new AbortController().signal;
  await driver.create(
    handle,
    {
      image: { name: 'busybox', digest: `sha256:${'0'.repeat(64)}`, rootfs: '/fake' },
      limits: { cpuCores: 1, memoryMb: 64, diskMb: 16, networkEnabled: false, maxProcesses: 20 },
      identity: { agentId: newContainerId(), name: 'box', environment: {} },
    },
    never,
  );
  const request = { execId: newExecId(), command: { shell }, timeoutMs: 5000 };
  const outcome = await driver.exec(handle, request, { write: async () => undefined }, never);
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
  return { code: outcome.exitCode, out: text(outcome.stdout.head), err: text(outcome.stderr.head) };
}

describe('the shell of the fake sandbox', () => {
  it.each([
    ['echo a; echo b', 'a\nb\n', 0],
    ['true && echo yes || echo no', 'yes\n', 0],
    ['false && echo yes || echo no', 'no\n', 0],
    [`echo 'single $HOME' "double $HOME"`, 'single $HOME double /workspace\n', 0],
    ['echo hello from $(uname -s) $(id -u)', 'hello from Linux 65534\n', 0],
    ['echo one | cat | wc -c', '4\n', 0],
    ['for i in 1 2 3; do echo $i; done', '1\n2\n3\n', 0],
    ['greet() { echo hi; }; greet; greet', 'hi\nhi\n', 0],
    ['(echo in; exit 4); echo $?', 'in\n4\n', 0],
    ['echo kept > /tmp/f; echo more >> /tmp/f; cat < /tmp/f', 'kept\nmore\n', 0],
    ['exit 7', '', 7],
  ])('runs %s', async (line, out, code) => {
    expect(await sh(line)).toEqual({ code, out, err: '' });
  });

  it.each(['echo "open', 'echo (', 'for x', 'while true; done', '$('])(
    'refuses %s as a syntax error',
    async (line) => {
      const { code, err } = await sh(line);

      expect(code).toBe(2);
      expect(err).toContain('syntax error');
    },
  );

  it('ends a writer whose reader has gone', async () => {
    expect(await sh('yes | head -c 10')).toEqual({ code: 0, out: 'y\ny\ny\ny\ny\n', err: '' });
  });
});
