/** Knows the secrets of this process and takes them out of text before it leaves. */
export interface Redactor {
  /**
   * Values shorter than 6 characters are ignored: they would blank out ordinary words. The value's spelling in JSON and in
   * addresses is taken out too.
   */
  register(secret: string): void;
  scrub(text: string): string;
}

const MIN_SECRET_LENGTH = 6;

export function createRedactor(secrets: Iterable<string> = []): Redactor {
  /** Longest first: a secret that begins with another one is taken out whole. */
  let known: string[] = [];
  const redactor: Redactor = {
    register(secret) {
      if (secret.length < MIN_SECRET_LENGTH) return;
      known = [...new Set([...known, ...spellings(secret)])].toSorted((a, b) => b.length - a.length);
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

/** As it is, as it stands inside a JSON string (every log line is JSON), and as it stands in an address. */
function spellings(secret: string): string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())];
}
