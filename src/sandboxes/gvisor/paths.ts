import path from 'node:path';
import { type ContainerPlace, containerPlace } from '../container-place.ts';

/** With what runsc keeps. */
export interface ContainerPaths extends ContainerPlace {
  /** Of the sandbox process, written by runsc. */
  pidFile: string;
  bundle: string;
  configJson: string;
  /** Where the overlay is mounted; its upper and work directories lie in the disk. */
  rootfs: string;
  upper: string;
  work: string;
  /** JSON logs, one file a call, gone when the call is read. */
  logs: string;
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
      const place = containerPlace(base, containerId);
      const bundle = path.join(place.home, 'bundle');
      return {
        ...place,
        pidFile: path.join(place.home, 'sandbox.pid'),
        bundle,
        configJson: path.join(bundle, 'config.json'),
        rootfs: path.join(bundle, 'rootfs'),
        upper: path.join(place.disk, 'upper'),
        work: path.join(place.disk, 'work'),
        logs: path.join(place.home, 'logs'),
      };
    },
  };
}
