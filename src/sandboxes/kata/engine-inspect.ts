import { z } from 'zod';

export interface EngineContainer {
  /** 64 hex digits. */
  engineId: string;
  /** `created`, `running`, `paused`, `exited`, `dead`, `removing`. */
  status: string;
  /** Host process of the sandbox; 0 when there is none. */
  pid: number;
  exitCode: number;
  outOfMemory: boolean;
  /** What the engine took down as limits; null where none is set. */
  cpuCores: number | null;
  memoryBytes: number | null;
}

const engineId = z.string().regex(/^[0-9a-f]{64}$/);

/** What docker's `container inspect` says of one container. */
export const dockerContainer = z
  .array(
    z.object({
      Id: engineId,
      State: z.object({
        Status: z.string(),
        Pid: z.number().default(0),
        ExitCode: z.number().default(0),
        OOMKilled: z.boolean().default(false),
      }),
      HostConfig: z
        .object({
          NanoCpus: z.number().default(0),
          CpuQuota: z.number().default(0),
          CpuPeriod: z.number().default(0),
          Memory: z.number().default(0),
        })
        .default({ NanoCpus: 0, CpuQuota: 0, CpuPeriod: 0, Memory: 0 }),
    }),
  )
  .length(1)
  .transform((found) =>
    found.map(({ Id, State: state, HostConfig: host }): EngineContainer => {
      return {
        engineId: Id,
        status: state.Status,
        pid: state.Pid,
        exitCode: state.ExitCode,
        outOfMemory: state.OOMKilled,
        cpuCores: host.NanoCpus > 0 ? host.NanoCpus / 1e9 : coresOf(host.CpuQuota, host.CpuPeriod),
        memoryBytes: host.Memory > 0 ? host.Memory : null,
      };
    }),
  );

/** The same of containerd's own record: nerdctl 1 leaves the limits out of what it says in docker's words. */
export const containerdContainer = z
  .array(
    z.object({
      ID: engineId,
      Spec: z.object({
        linux: z.object({
          resources: z
            .object({
              cpu: z.object({ quota: z.number().nullish(), period: z.number().nullish() }).nullish(),
              memory: z.object({ limit: z.number().nullish() }).nullish(),
            })
            .nullish(),
        }),
      }),
      /** None before the start. */
      Process: z
        .object({ Pid: z.number(), Status: z.object({ Status: z.string(), ExitStatus: z.number() }) })
        .nullish(),
    }),
  )
  .length(1)
  .transform((found) =>
    found.map(({ ID, Spec: { linux }, Process: process }): EngineContainer => {
      const { cpu, memory } = linux.resources ?? {};
      const status = process?.Status.Status ?? 'created';
      return {
        engineId: ID,
        status: status === 'stopped' ? 'exited' : status,
        // Kept after the end, when it may be another's.
        pid: status === 'running' || status === 'paused' ? (process?.Pid ?? 0) : 0,
        exitCode: process?.Status.ExitStatus ?? 0,
        outOfMemory: false,
        cpuCores: coresOf(cpu?.quota ?? 0, cpu?.period ?? 0),
        memoryBytes: memory?.limit ?? null,
      };
    }),
  );

function coresOf(quota: number, period: number): number | null {
  return quota > 0 && period > 0 ? quota / period : null;
}
