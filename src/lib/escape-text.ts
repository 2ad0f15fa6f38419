/**
 * Text from outside made safe to show: C0 and C1 controls (but newline and tab), invisible and bidirectional format
 * characters, lone surrogates and private tags become visible escapes such as `\x1b` or `\u{202e}`.
 */
export function escapeText(text: string): string {
  return text
    .replace(/\r\n/g, '\n')
    .replace(
      /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800]/gu,
      escapeCharacter,
    );
}

/** Like {@link escapeText}, and on one line: newline and tab are escaped too. */
export function escapeLine(text: string): string {
  return escapeText(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

function escapeCharacter(character: string): string {
  if (character === '\n' || character === '\t') return character;
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
