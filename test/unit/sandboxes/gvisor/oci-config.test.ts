import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ociConfig, type OciConfigInput } from '../../../../src/sandboxes/gvisor/oci-config.ts';

const HOME = '/data/gvisor/abcdefghijklmnopqrstuvwxyz';
const base: OciConfigInput = {
  containerId: 'abcdefghijklmnopqrstuvwxyz',
  rootfs: `${HOME}/bundle/rootfs`,
  toolbox: '/data/toolbox',
  disk: { workspace: `${HOME}/disk/workspace`, tmp: `${HOME}/disk/tmp` },
  agentName: 'calm-otter',
  limits: { cpuCores: 1.5, memoryMb: 512, diskMb: 1024, networkEnabled: false, maxProcesses: 50 },
  cgroup: { path: '/airlock-inst0001/abcdefghijklmnopqrstuvwxyz', limitsSwap: true },
  network: null,
};

const golden = (name: string): string => path.join(import.meta.dirname, 'golden', name);
const text = (input: OciConfigInput): string => `${JSON.stringify(ociConfig(input), null, 2)}\n`;

describe('ociConfig', () => {
  it('limits memory and swap together where the host counts swap', async () => {
    await expect(text(base)).toMatchFileSnapshot(golden('cgroup-v1.json'));
  });

  it('leaves swap alone where the host cannot limit it, as cgroup v2 without swap accounting', async () => {
    const input = {
      ...base,
      cgroup: { path: '/airlock-inst0001/abcdefghijklmnopqrstuvwxyz', limitsSwap: false },
    };

    await expect(text(input)).toMatchFileSnapshot(golden('cgroup-v2-without-swap.json'));
  });

  it('joins the network namespace and brings its own resolvers when a network is enabled', async () => {
    const network = { netnsPath: '/run/netns/alinst0001-abcdef', resolvConf: `${HOME}/resolv.conf` };

    await expect(text({ ...base, network })).toMatchFileSnapshot(golden('network.json'));
  });

  it('names no cgroup where the host has none', () => {
    expect(ociConfig({ ...base, cgroup: null })['linux']).not.toHaveProperty('cgroupsPath');
  });

  it('carries no annotations, since runsc takes flags from them', () => {
    expect(ociConfig(base)).not.toHaveProperty('annotations');
  });

  it('leaves the init room where fewer processes are allowed than it needs', () => {
    const config = ociConfig({ ...base, limits: { ...base.limits, maxProcesses: 1 } });

    expect(config['process']).toMatchObject({
      rlimits: expect.arrayContaining([{ type: 'RLIMIT_NPROC', soft: 2, hard: 2 }]),
    });
  });
});
