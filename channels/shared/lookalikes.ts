import type { Accepted, Reply } from '../../src/conversation/channel.ts';
import { toAppError } from '../../src/errors.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { noticeCard } from './notices.ts';

const LOOKALIKES = [
  {
    found: /[\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb]/,
    warning:
      'the line has curly quotes, which a shell does not read as quotes: type straight ones, or write the line as code',
  },
  {
    found: /[\u2010-\u2015\u2212]/,
    warning: 'the line has a long dash, which is not the - of an option: type it as code',
  },
  {
    found: /[\u00a0\u2000-\u200a\u202f\u205f\u3000]/,
    warning: 'the line has a no-break or wide space, which does not divide words for a shell',
  },
  {
    found: /\u2026/,
    warning: 'the line has one character for three dots: type three dots',
  },
] as const;

/** Sentences about characters that a shell does not read as they look, such as phones type them; for the one who typed the line. */
export function lookalikeWarnings(text: string): string[] {
  return LOOKALIKES.filter(({ found }) => found.test(text)).map(({ warning }) => warning);
}

/**
 * Tells a writer of curly quotes and long dashes, which phones and desktops put in place of what was typed. The text itself is never
 * changed: what is shown is what runs.
 */
export async function warnOfLookalikes(
  text: string,
  { accepted, reply, log }: { accepted: Accepted; reply: Reply; log: Logger },
): Promise<void> {
  const warnings = accepted.duplicate ? [] : lookalikeWarnings(text);
  if (warnings.length === 0) return;
  try {
    await reply.private(noticeCard(TITLE, warnings));
  } catch (error) {
    log.info({ reason: toAppError(error).message }, 'a warning could not be given');
  }
}

const TITLE = 'Your text has characters that a shell does not read as they look';
