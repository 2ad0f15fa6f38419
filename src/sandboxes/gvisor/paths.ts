import path from 'node:path';

/** Everything of one container lies in one directory, so that a restarted bot finds it and removal is one step. */
export interface ContainerPaths {
  home: string;
  /** JSON the driver writes at create: what a restarted bot has to know. */
  record: string;
  /** Present once it was asked to end: what follows is no failure. */
  stopMark: string;
  /** Of the sandbox process, written by runsc. */
  pidFile: string;
  bundle: string;
  configJson: string;
  /** Where the overlay is mounted. */
  rootfs: string;
  /** The sparse file behind the agent's disk. */
  diskImage: string;
  /** Where the disk is mounted; upper, work, workspace and tmp lie in it. */
  disk: string;
  upper: string;
  work: string;
  workspace: string;
  tmp: string;
  /** Written before its network is made; without it there is none to look for. */
  resolvConf: string;
  /** JSON logs, one file a call, gone when the call is read. */
  logs: string;
  /** process.json and pid files of executions, one set an execution. */
  executions: string;
}

export interface GvisorPaths {
  /** Of this installation: `<dataDir>/gvisor`. */
  base: string;
  /** `runsc --root`. */
  runscRoot: string;
  container(containerId: string): ContainerPaths;
}

/** The names inside `<dataDir>/gvisor`; nothing is made. */
export function gvisorPaths(dataDir: string): GvisorPaths {
  const base = path.join(dataDir, 'gvisor');
  return {
    base,
    runscRoot: path.join(base, 'root'),
    container(containerId) {
      const home = path.join(base, containerId);
      const bundle = path.join(home, 'bundle');
      const disk = path.join(home, 'disk');
      return {
        home,
        record: path.join(home, 'record.json'),
        stopMark: path.join(home, 'stopping'),
        pidFile: path.join(home, 'sandbox.pid'),
        bundle,
        configJson: path.join(bundle, 'config.json'),
        rootfs: path.join(bundle, 'rootfs'),
        diskImage: path.join(home, 'disk.img'),
        disk,
        upper: path.join(disk, 'upper'),
        work: path.join(disk, 'work'),
        workspace: path.join(disk, 'workspace'),
        tmp: path.join(disk, 'tmp'),
        resolvConf: path.join(home, 'resolv.conf'),
        logs: path.join(home, 'logs'),
        executions: path.join(home, 'executions'),
      };
    },
  };
}
