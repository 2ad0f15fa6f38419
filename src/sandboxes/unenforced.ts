import { AppError } from '../errors.ts';
import type { Unenforced } from './cgroups.ts';

/** Names of the limits that the operator allows to be missing. */
export function allowedByName(environment: Readonly<Record<string, string | undefined>>): string[] {
  return (environment['AIRLOCK_ALLOW_UNENFORCED'] ?? '').split(',').map((name) => name.trim());
}

/** Warnings for every card of limits that the operator allowed to be missing; LIMIT_NOT_ENFORCED for any other. */
export function allowedOrThrow(unenforced: readonly Unenforced[], allowed: readonly string[]): string[] {
  const refused = unenforced.filter(({ limit }) => !allowed.includes(limit));
  if (refused.length > 0) {
    const names = refused.map(({ limit }) => limit);
    throw new AppError(
      'LIMIT_NOT_ENFORCED',
      `limits are not in force on this host: ${refused.map(({ limit, reason }) => `${limit} (${reason})`).join(', ')}`,
      {
        hint: `give Airlock writable cgroups, or allow it by name: AIRLOCK_ALLOW_UNENFORCED=${names.join(',')}`,
        context: { unenforced },
      },
    );
  }
  return unenforced.map(({ limit, reason }) => `the ${limit} limit is not in force: ${reason}`);
}
