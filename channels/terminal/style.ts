import type { Tone } from '../../src/conversation/card.ts';

/** How things look on this terminal. Paints only what was escaped and measured before. */
export interface Style {
  paint(text: string, look: Look): string;
  readonly box: BoxCharacters;
  readonly spinner: readonly string[];
  readonly ellipsis: string;
  readonly arrow: string;
}

export type Look = Tone | 'dim' | 'bold';

interface BoxCharacters {
  topLeft: string;
  topRight: string;
  bottomLeft: string;
  bottomRight: string;
  horizontal: string;
  vertical: string;
}

const SGR: Record<Look, readonly [number, number]> = {
  neutral: [39, 39],
  progress: [36, 39],
  waiting: [33, 39],
  success: [32, 39],
  warning: [33, 39],
  failure: [31, 39],
  dim: [2, 22],
  bold: [1, 22],
};

const UNICODE_BOX: BoxCharacters = {
  topLeft: '╭',
  topRight: '╮',
  bottomLeft: '╰',
  bottomRight: '╯',
  horizontal: '─',
  vertical: '│',
};
const ASCII_BOX: BoxCharacters = {
  topLeft: '+',
  topRight: '+',
  bottomLeft: '+',
  bottomRight: '+',
  horizontal: '-',
  vertical: '|',
};

/**
 * Colour unless NO_COLOR is set and not empty (no-color.org); line characters unless the locale says that it is not UTF-8.
 */
export function createStyle(env: Readonly<Record<string, string | undefined>>): Style {
  const color = (env['NO_COLOR'] ?? '') === '';
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => (value ?? '') !== '');
  const unicode = locale === undefined || /utf-?8/i.test(locale);
  return {
    paint(text, look) {
      const [on, off] = SGR[look];
      return color && look !== 'neutral' && text !== '' ? `\x1b[${on}m${text}\x1b[${off}m` : text;
    },
    box: unicode ? UNICODE_BOX : ASCII_BOX,
    spinner: unicode ? ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] : ['|', '/', '-', '\\'],
    ellipsis: unicode ? '…' : '...',
    arrow: unicode ? ' → ' : ' -> ',
  };
}
