import { AppError } from '../../src/errors.ts';
import { createFakeDriver } from '../../src/sandboxes/fake/fake-driver.ts';
import { describeSandboxDriver } from './sandbox-driver.ts';
import type { SandboxDriverSetup } from './sandbox/kit.ts';

const setup: SandboxDriverSetup = async () => {
  const driver = createFakeDriver();
  return {
    driver,
    image: { name: 'busybox', digest: `sha256:${'0'.repeat(64)}`, rootfs: '/fake/busybox' },
    simulated: 'a sandbox in memory isolates nothing',
    probes: {
      killSandbox: async (handle) => driver.host.kill(handle.containerId),
      leftovers: async () => [...driver.host.sandboxes.keys()],
      async breakCreate() {
        driver.host.fault('create', {
          kind: 'fail',
          error: new AppError('CREATE_FAILED', 'the fake was told to fail'),
        });
        return { [Symbol.asyncDispose]: async () => void driver.host.takeFault('create') };
      },
      reopen: () => createFakeDriver({ host: driver.host }),
    },
    teardown: async () => undefined,
  };
};

describeSandboxDriver('fake', setup, { sideBySide: true });
