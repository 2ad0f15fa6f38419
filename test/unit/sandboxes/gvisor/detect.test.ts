import { afterEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../../../src/lib/clock.ts';
import { silentLogger } from '../../../../src/lib/logger.ts';
import { createGvisorDriver } from '../../../../src/sandboxes/gvisor/driver.ts';

afterEach(() => vi.restoreAllMocks());

it('says without root only that root is needed, and makes nothing', async () => {
  vi.spyOn(process, 'getuid').mockReturnValue(1000);
  const driver = createGvisorDriver({
    dataDir: '/nonexistent/airlock',
    installationId: 'inst0001',
    nodeId: 'n',
    environment: {},
    log: silentLogger,
    clock: systemClock,
  });

  const info = await driver.detect();

  expect(info).toMatchObject({ available: false, missing: ['gVisor sandboxes need root'] });
  expect(info.howToGet).toEqual(['start Airlock as root: sudo -E env "PATH=$PATH" npm start']);
});
