import { ROLES } from '../../src/model/principal.ts';

/** What one typed line asks for. */
export type LineIntent =
  | { type: 'nothing' }
  /** Text after the root command, as typed. */
  | { type: 'command'; text: string }
  /** `1`, or `#3 1`: a button by its number, of the last card when none is named. Numbers start at 1. */
  | { type: 'button'; card: number | null; button: number }
  /** `/as alice approver`; null ends the persona. */
  | { type: 'persona'; persona: { id: string; role: string } | null }
  | { type: 'help'; topic: string }
  | { type: 'exit' }
  | { type: 'unknown'; word: string }
  | { type: 'invalid'; message: string; hint: string };

/** Persona ids are shown on cards and in the audit: short, plain words. */
const PERSONA_PATTERN = /^[a-z][a-z0-9._-]{0,31}$/i;
const DEFAULT_PERSONA_ROLE = 'admin';
const PERSONA_ROLES: readonly string[] = ROLES.filter((role) => role !== 'stranger');

/**
 * Reads one line. `/agent …` is the documented form; a line without a slash is taken as what follows it, because nothing else a
 * line can mean starts with a letter.
 */
export function parseLine(line: string): LineIntent {
  const text = line.trim();
  const button = /^(?:#(\d{1,9})\s+)?(\d{1,3})$/.exec(text);
  if (button !== null) {
    return {
      type: 'button',
      card: button[1] === undefined ? null : Number(button[1]),
      button: Number(button[2]),
    };
  }
  if (text === '' || text.startsWith('#')) return { type: 'nothing' };
  const word = /^\/?\S+/.exec(text)?.[0] ?? text;
  const rest = line.slice(line.indexOf(word) + word.length);
  switch (word.toLowerCase()) {
    case '/agent':
    case 'agent':
      return rest.trim() === '' ? { type: 'help', topic: '' } : { type: 'command', text: rest.trimStart() };
    case '/help':
    case '/?':
      return { type: 'help', topic: rest.trim() };
    case '/as':
      return parsePersona(rest.trim());
    case '/exit':
    case '/quit':
    case 'exit':
    case 'quit':
      return { type: 'exit' };
    default:
      return word.startsWith('/') ? { type: 'unknown', word } : { type: 'command', text: line.trimStart() };
  }
}

function parsePersona(text: string): LineIntent {
  const [id, role, ...more] = text.split(/\s+/).filter((word) => word !== '');
  if (id === undefined) return { type: 'persona', persona: null };
  if (more.length > 0 || !PERSONA_PATTERN.test(id)) {
    return {
      type: 'invalid',
      message: `/as takes a name of up to 32 letters, digits, dots and dashes, and a role: not "${text}"`,
      hint: 'for example: /as alice approver',
    };
  }
  const asked = (role ?? DEFAULT_PERSONA_ROLE).toLowerCase();
  if (!PERSONA_ROLES.includes(asked)) {
    return {
      type: 'invalid',
      message: `"${role}" is not a role`,
      hint: `roles are ${PERSONA_ROLES.join(', ')}`,
    };
  }
  return { type: 'persona', persona: { id, role: asked } };
}
