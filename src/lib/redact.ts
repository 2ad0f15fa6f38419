/** Knows the secrets of this process and takes them out of text before it leaves. */
export interface Redactor {
  /** Values shorter than 6 characters are ignored: they would blank out ordinary words. */
  register(secret: string): void;
  scrub(text: string): string;
}

const MIN_SECRET_LENGTH = 6;

export function createRedactor(secrets: Iterable<string> = []): Redactor {
  const known = new Set<string>();
  const redactor: Redactor = {
    register(secret) {
      if (secret.length >= MIN_SECRET_LENGTH) known.add(secret);
    },
    scrub(text) {
      let scrubbed = text;
      for (const secret of known) scrubbed = scrubbed.replaceAll(secret, '[redacted]');
      return scrubbed;
    },
  };
  for (const secret of secrets) redactor.register(secret);
  return redactor;
}
