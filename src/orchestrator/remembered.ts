import { z } from 'zod';
import { GROUP_PATTERN } from '../config/check-policy.ts';
import { AppError } from '../errors.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { Actor, PrincipalId } from '../model/principal.ts';
import type { StoreReads, StoreTransaction } from '../store/store.ts';
import type { People } from './people.ts';

const rememberedSchema = z.object({
  displayName: z.string(),
  groups: z.array(z.string()),
  personaRole: z.string().nullable(),
});

/**
 * Keeps what only the platform knows of a person (groups) and what only the terminal knows (the persona's role), as they
 * last acted: the re-check before execution asks for their rights when they are not there to be asked, after a restart too.
 */
export async function rememberActor(tx: StoreTransaction, actor: Actor): Promise<void> {
  const groups = actor.roles.filter((role) => GROUP_PATTERN.test(role));
  const known = await tx.setting(settingName(actor.principal));
  if (known === null && groups.length === 0 && !actor.persona) return;
  const value = canonicalJson({
    displayName: actor.displayName,
    groups,
    personaRole: actor.persona ? actor.role : null,
  } satisfies z.output<typeof rememberedSchema>);
  if (value !== known) await tx.setSetting(settingName(actor.principal), value);
}

/** The person behind a principal with the rights the policy gives them now; null when a persona is not allowed any more. */
export async function recallActor(
  reads: Pick<StoreReads, 'setting'>,
  people: People,
  principal: PrincipalId,
  wasPersona: boolean,
): Promise<Actor | null> {
  const stored = await reads.setting(settingName(principal));
  const known = stored === null ? null : rememberedSchema.parse(JSON.parse(stored));
  const displayName = known?.displayName ?? principal;
  if (!wasPersona) return people.resolve({ principal, displayName, groups: known?.groups ?? [] });
  const role = known?.personaRole ?? null;
  if (role === null) return null;
  try {
    const persona = { id: principal.slice('terminal:'.length), role };
    return people.resolve({ principal: 'terminal:local', displayName, groups: [], persona });
  } catch (error) {
    if (error instanceof AppError && error.kind !== 'fault') return null;
    throw error;
  }
}

/** The same human: by the directory as it is now, whatever was written down when they asked. */
export function isSamePerson(
  people: Pick<People, 'personOf'>,
  actor: Pick<Actor, 'principal' | 'personId'>,
  other: { principal: PrincipalId; personId: string },
): boolean {
  return (
    actor.principal === other.principal ||
    actor.personId === other.personId ||
    people.personOf(actor.principal) === people.personOf(other.principal) ||
    people.personOf(other.principal) === actor.personId
  );
}

function settingName(principal: PrincipalId): string {
  return `actor:${principal}`;
}
