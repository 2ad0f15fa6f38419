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
  /** When the platform said so; epoch milliseconds. */
  seenAt: z.number().default(0),
});
export type Remembered = z.output<typeof rememberedSchema>;

/** Not written again within it: who acts often costs no more writing. */
const SAME_MS = 60_000;

/**
 * Keeps what only the platform knows of a person (groups) and what only the terminal knows (the persona's role), as they
 * last acted: the re-check before execution asks for their rights when they are not there to be asked, after a restart too.
 */
export async function rememberActor(tx: StoreTransaction, actor: Actor, now: number): Promise<void> {
  const groups = actor.roles.filter((role) => GROUP_PATTERN.test(role));
  const known = await remembered(tx, actor.principal);
  if (known === null && groups.length === 0 && !actor.persona) return;
  const { displayName, persona, role } = actor;
  const personaRole = persona ? role : null;
  await remember(tx, actor.principal, known, { displayName, groups, personaRole, seenAt: now });
}

/** Of a person who is not there, what the platform has said of their groups since. */
export async function rememberGroups(
  tx: StoreTransaction,
  principal: PrincipalId,
  groups: readonly string[],
  now: number,
): Promise<void> {
  const known = await remembered(tx, principal);
  if (known === null) return;
  await remember(tx, principal, known, { ...known, groups: [...groups], seenAt: now });
}

async function remember(
  tx: StoreTransaction,
  principal: PrincipalId,
  known: Remembered | null,
  next: Remembered,
): Promise<void> {
  const isSame = known !== null && canonicalJson({ ...next, seenAt: known.seenAt }) === canonicalJson(known);
  if (isSame && next.seenAt - known.seenAt < SAME_MS) return;
  await tx.setSetting(settingName(principal), canonicalJson(next));
}

/** What is remembered of a person; null where there was nothing that only a platform knows. */
export async function remembered(
  reads: Pick<StoreReads, 'setting'>,
  principal: PrincipalId,
): Promise<Remembered | null> {
  const stored = await reads.setting(settingName(principal));
  return stored === null ? null : rememberedSchema.parse(JSON.parse(stored));
}

/**
 * The person behind a principal with the rights the policy gives them now; null when a persona is not allowed any more. Groups that
 * were seen before `seenSince` give no rights. Default: however long ago.
 */
export async function recallActor(
  reads: Pick<StoreReads, 'setting'>,
  people: People,
  principal: PrincipalId,
  wasPersona: boolean,
  seenSince = 0,
): Promise<Actor | null> {
  const known = await remembered(reads, principal);
  const displayName = known?.displayName ?? principal;
  const groups = known !== null && known.seenAt >= seenSince ? known.groups : [];
  if (!wasPersona) return people.resolve({ principal, displayName, groups });
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
