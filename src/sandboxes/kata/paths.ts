import path from 'node:path';
import type { AgentDiskPaths } from '../disks/agent-disk.ts';

/** Everything of one container that lies on this host's disk outside the engine. */
export interface KataContainerPaths extends AgentDiskPaths {
  home: string;
  /** JSON the driver writes at create: what a restarted bot has to know. */
  record: string;
  /** Present once it was asked to end: what follows is no failure. */
  stopMark: string;
  /** Written before its network is made; without it there is none to look for. */
  resolvConf: string;
  /** One set of files an execution. */
  executions: string;
}

export interface KataPaths {
  /** Of this installation: `<dataDir>/kata`; holds containers only. */
  base: string;
  container(containerId: string): KataContainerPaths;
}

/** The names inside `<dataDir>/kata`; nothing is made. */
export function kataPaths(dataDir: string): KataPaths {
  const base = path.join(dataDir, 'kata');
  return {
    base,
    container(containerId) {
      const home = path.join(base, containerId);
      const disk = path.join(home, 'disk');
      return {
        home,
        record: path.join(home, 'record.json'),
        stopMark: path.join(home, 'stopping'),
        diskImage: path.join(home, 'disk.img'),
        disk,
        workspace: path.join(disk, 'workspace'),
        tmp: path.join(disk, 'tmp'),
        resolvConf: path.join(home, 'resolv.conf'),
        executions: path.join(home, 'executions'),
      };
    },
  };
}
