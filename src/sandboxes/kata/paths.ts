import path from 'node:path';
import { type ContainerPlace, containerPlace } from '../container-place.ts';

export interface KataPaths {
  /** Of this installation: `<dataDir>/kata`; holds containers only. */
  base: string;
  /** What of one lies outside the engine. */
  container(containerId: string): ContainerPlace;
}

/** The names inside `<dataDir>/kata`; nothing is made. */
export function kataPaths(dataDir: string): KataPaths {
  const base = path.join(dataDir, 'kata');
  return { base, container: (containerId) => containerPlace(base, containerId) };
}
