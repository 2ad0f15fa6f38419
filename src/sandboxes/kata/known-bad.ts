/** Versions of what takes part, as far as they are known. */
export interface Versions {
  /** Docker's; null with another engine. */
  docker: string | null;
  containerd: string | null;
  kata: string | null;
}

/** Pairs that are known not to work together, each with what to do. */
export function knownBadPairs({ docker, containerd, kata }: Versions): {
  network: string | null;
  others: string[];
} {
  const network =
    docker !== null && kata !== null && isAtLeast(docker, 26, 0) && !isAtLeast(kata, 3, 29)
      ? `Docker ${docker} gives Kata ${kata} no network: Docker 26 and newer need Kata 3.29 or newer`
      : null;
  const others =
    containerd !== null && kata !== null && !isAtLeast(containerd, 1, 7) && isAtLeast(kata, 4, 1)
      ? [`Kata ${kata} needs containerd 1.7 or newer; here is ${containerd}`]
      : [];
  return { network, others };
}

/** False too for what names no version. */
function isAtLeast(version: string, major: number, minor: number): boolean {
  const match = /(\d+)\.(\d+)/.exec(version);
  if (match === null) return false;
  const [hasMajor, hasMinor] = [Number(match[1]), Number(match[2])];
  return hasMajor > major || (hasMajor === major && hasMinor >= minor);
}
