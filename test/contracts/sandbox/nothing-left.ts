import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors.ts';
import { newContainerId } from '../../../src/lib/ids.ts';
import { type Kit, letTimePass, neverAborted, rejection } from './kit.ts';

/** Create-exec-stop rounds of a subject that does not say; `AIRLOCK_TEST_ROUNDS` asks every driver for so many. */
const USUAL_ROUNDS = 20;
const ROUND_TIMEOUT_MS = 10_000;
/** Moments inside a create, from its very start to about its end on a slow machine. */
const ABORT_AFTER_MS = [0, 5, 30, 80, 150, 300];

/** `lanes`: so many rounds at the same time. */
export function describeNothingLeft(kit: Kit, rounds = USUAL_ROUNDS, lanes = 1): void {
  const wanted = Number(process.env['AIRLOCK_TEST_ROUNDS'] ?? rounds);

  describe('nothing left behind', () => {
    it('undoes a create that fails', async () => {
      const { probes } = kit.subject;
      await using _broken = await probes.breakCreate?.();
      const handle = kit.driver.newHandle(newContainerId());
      const sound = kit.spec();
      const spec =
        probes.breakCreate === undefined
          ? { ...sound, image: { ...sound.image, rootfs: '/nonexistent/rootfs' } }
          : sound;

      const error = await rejection(kit.driver.create(handle, spec, neverAborted()));

      expect(error).toBeInstanceOf(AppError);
      expect(await kit.driver.inspect(handle)).toEqual({ status: 'gone' });
      expect((await kit.driver.list()).map((one) => one.containerId)).not.toContain(handle.containerId);
      expect(await probes.leftovers()).toEqual([]);
    });

    it('makes nothing when the create is cancelled beforehand', async () => {
      const handle = kit.driver.newHandle(newContainerId());

      const error = await rejection(kit.driver.create(handle, kit.spec(), AbortSignal.abort()));

      expect(error).toMatchObject({ code: 'CANCELLED' });
      expect(await kit.driver.inspect(handle)).toEqual({ status: 'gone' });
      expect(await kit.subject.probes.leftovers()).toEqual([]);
    });

    it('undoes a create that is cancelled at any moment of it', async () => {
      let cancelled = 0;
      for (const afterMs of ABORT_AFTER_MS) {
        const handle = kit.driver.newHandle(newContainerId());
        const abort = new AbortController();
        const creating = kit.driver.create(handle, kit.spec(), abort.signal).then(
          () => null,
          (error: unknown) => error,
        );
        if (afterMs > 0) await letTimePass(afterMs);
        abort.abort();

        const error = await creating;
        if (error === null) {
          await kit.driver.remove(handle);
        } else {
          cancelled += 1;
          expect(error).toMatchObject({ code: 'CANCELLED' });
        }
        expect(await kit.driver.inspect(handle)).toEqual({ status: 'gone' });
        expect(await kit.subject.probes.leftovers()).toEqual([]);
      }
      expect(cancelled).toBeGreaterThanOrEqual(1);
    });

    it('creates four at once and removes four at once', async () => {
      const sandboxes = await Promise.all([1, 2, 3, 4].map(() => kit.sandbox()));

      const said = await Promise.all(sandboxes.map((one) => one.run('hostname')));
      await Promise.all(sandboxes.map((one) => one[Symbol.asyncDispose]()));

      expect(said.map((one) => one.stdout.trim())).toEqual(sandboxes.map((one) => one.handle.containerId));
      expect(await kit.subject.probes.leftovers()).toEqual([]);
    });

    it(
      `leaves nothing after ${wanted} rounds of create, exec and stop`,
      async () => {
        let round = 0;
        async function lane(): Promise<void> {
          while (round < wanted) {
            const number = round++;
            const sandbox = await kit.sandbox();
            const ran = await sandbox.run(`echo round ${number}`);
            expect(ran.stdout).toBe(`round ${number}\n`);
            await kit.driver.stop(sandbox.handle, { graceMs: number % 2 === 0 ? 0 : 100 });
            const evidence = await kit.driver.remove(sandbox.handle);
            expect(Object.values(evidence).flat()).toEqual([]);
          }
        }
        await Promise.all(Array.from({ length: lanes }, lane));

        expect(await kit.subject.probes.leftovers()).toEqual([]);
        expect(await kit.driver.list()).toEqual([]);
      },
      wanted * ROUND_TIMEOUT_MS,
    );
  });
}
