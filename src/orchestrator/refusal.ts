import { AppError } from '../errors.ts';
import { escapeLine } from '../lib/escape-text.ts';
import type { Actor } from '../model/principal.ts';
import type { OrchestratorContext } from './context.ts';

/** Enough to see what was asked; the audit is no store for megabytes. */
const MAX_AUDIT_TEXT = 300;

/**
 * Writes down that something was refused. Of requests beyond the rate only the first in a row: a flood must not grow the audit.
 * A failure to write is logged and does not hide the refusal.
 */
export async function auditRefusal(
  ctx: OrchestratorContext,
  error: unknown,
  what: { type: string; actor: Actor; actionId?: string | null; data: Record<string, unknown> },
): Promise<void> {
  if (!(error instanceof AppError) || error.code === 'SHUTTING_DOWN') return;
  if (error.code === 'RATE_LIMITED' && error.context['first'] !== true) return;
  try {
    await ctx.store.transaction(async (tx) => {
      await tx.appendAudit({
        type: what.type,
        actionId: what.actionId ?? null,
        agentId: null,
        actor: what.actor.principal,
        data: {
          ...what.data,
          person: what.actor.personId,
          persona: what.actor.persona,
          code: error.code,
          reason: auditText(error.message),
        },
      });
    });
  } catch (failure) {
    ctx.log.error({ err: failure, code: error.code }, 'a refusal could not be written to the audit');
  }
}

/** Text from outside for the audit: escaped and cut. Well-formed, so that it has a canonical form. */
export function auditText(text: string): string {
  return escapeLine(text.slice(0, MAX_AUDIT_TEXT).toWellFormed());
}
