/**
 * The grammar of the fake sandbox's shell: lists (`;` `&` `&&` `||`), pipelines, subshells, functions, `for` and
 * `while`, quotes, `$NAME`, `$$`, `$(…)`, redirections and quoted here-documents. It is what tests need of `sh`,
 * written down; what it does not know is a syntax error, never a guess.
 */
export type Part =
  | { type: 'text'; text: string }
  | { type: 'variable'; name: string }
  | { type: 'substitution'; body: List };
export interface Word {
  parts: readonly Part[];
}
export type Redirection =
  | { type: 'write' | 'append'; stream: 1 | 2; file: Word }
  | { type: 'read'; file: Word }
  | { type: 'duplicate'; stream: 1 | 2; to: 1 | 2 }
  | { type: 'document'; text: string };
export type Node =
  | { type: 'simple'; words: readonly Word[]; redirections: readonly Redirection[] }
  | { type: 'pipeline'; parts: readonly Node[] }
  | { type: 'subshell'; body: List; redirections: readonly Redirection[] }
  | { type: 'for'; name: string; words: readonly Word[]; body: List }
  | { type: 'while'; condition: List; body: List }
  | { type: 'function'; name: string; body: List };
export interface List {
  items: readonly { node: Node; end: ';' | '&' | '&&' | '||' }[];
}

export class ShellSyntaxError extends Error {
  override name = 'ShellSyntaxError';
}

/** Parses a whole command line. Throws {@link ShellSyntaxError}. */
export function parseShell(source: string): List {
  const parser = createParser(source);
  const list = parser.list([]);
  parser.expectEnd();
  return list;
}

const WORD_END = /[\s;&|()<>]/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

function createParser(source: string) {
  let at = 0;
  const rest = () => source.slice(at);
  const fail = (what: string): never => {
    throw new ShellSyntaxError(`syntax error: ${what} at character ${at + 1}`);
  };
  const blank = () => {
    while (at < source.length && /[ \t]/.test(source.charAt(at))) at += 1;
  };
  const blankLines = () => {
    while (at < source.length && /[ \t\n;]/.test(source.charAt(at))) at += 1;
  };
  const take = (text: string) => {
    if (!source.startsWith(text, at)) return false;
    at += text.length;
    return true;
  };
  const keyword = (word: string) => {
    if (!source.startsWith(word, at)) return false;
    const after = source.charAt(at + word.length);
    return after === '' || WORD_END.test(after);
  };

  function list(until: readonly string[]): List {
    const items: List['items'][number][] = [];
    for (;;) {
      blankLines();
      if (
        at >= source.length ||
        until.some((word) => (word === ')' ? source.charAt(at) === ')' : keyword(word)))
      )
        return { items };
      const node = pipeline();
      blank();
      const end = take('&&') ? '&&' : take('||') ? '||' : take('&') ? '&' : ';';
      items.push({ node, end });
    }
  }

  function pipeline(): Node {
    const parts = [command()];
    for (;;) {
      blank();
      if (source.startsWith('||', at) || !take('|')) break;
      blank();
      parts.push(command());
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { type: 'pipeline', parts };
  }

  function command(): Node {
    if (take('(')) {
      const body = list([')']);
      if (!take(')')) fail('( is not closed');
      return { type: 'subshell', body, redirections: redirections() };
    }
    if (keyword('for')) return forLoop();
    if (keyword('while')) {
      at += 'while'.length;
      const condition = list(['do']);
      return { type: 'while', condition, body: loopBody() };
    }
    const definition = /^([A-Za-z_][A-Za-z0-9_]*)\(\)\s*\{/.exec(rest());
    if (definition !== null) {
      at += definition[0].length;
      const body = list(['}']);
      if (!take('}')) fail('{ is not closed');
      return { type: 'function', name: definition[1] ?? '', body };
    }
    return simple();
  }

  function forLoop(): Node {
    const head = /^for\s+([A-Za-z_][A-Za-z0-9_]*)\s+in\s/.exec(rest()) ?? fail('for needs a name and in');
    at += head[0].length;
    const words: Word[] = [];
    for (blank(); at < source.length && !/[;\n]/.test(source.charAt(at)); blank()) words.push(word());
    blankLines();
    return { type: 'for', name: head[1] ?? '', words, body: loopBody() };
  }

  function loopBody(): List {
    if (!keyword('do')) fail('do is missing');
    at += 'do'.length;
    const body = list(['done']);
    if (!take('done')) fail('done is missing');
    return body;
  }

  function simple(): Node {
    const words: Word[] = [];
    const found: Redirection[] = [];
    for (;;) {
      blank();
      const next = redirection();
      if (next !== null) {
        found.push(next);
        continue;
      }
      if (at >= source.length || WORD_END.test(source.charAt(at))) break;
      words.push(word());
    }
    if (words.length === 0 && found.length === 0) fail(`unexpected ${source.charAt(at) || 'end'}`);
    return { type: 'simple', words, redirections: found };
  }

  function redirections(): Redirection[] {
    const found: Redirection[] = [];
    for (;;) {
      blank();
      const next = redirection();
      if (next === null) return found;
      found.push(next);
    }
  }

  function redirection(): Redirection | null {
    const document = /^<<'(\w+)'\n/.exec(rest());
    if (document !== null) {
      at += document[0].length;
      const close = `\n${document[1]}\n`;
      const end = `${source}\n`.indexOf(close, at - 1);
      if (end < 0) fail('the here-document is not closed');
      const text = source.slice(at, end);
      at = Math.min(source.length, end + close.length - 1);
      return { type: 'document', text };
    }
    const duplicate = /^([12]?)>&([12])/.exec(rest());
    if (duplicate !== null) {
      at += duplicate[0].length;
      return { type: 'duplicate', stream: duplicate[1] === '2' ? 2 : 1, to: duplicate[2] === '2' ? 2 : 1 };
    }
    const file = /^([12]?)(>>|>)[ \t]*/.exec(rest());
    if (file !== null) {
      at += file[0].length;
      return { type: file[2] === '>>' ? 'append' : 'write', stream: file[1] === '2' ? 2 : 1, file: word() };
    }
    const read = /^<[ \t]*/.exec(rest());
    if (read === null) return null;
    at += read[0].length;
    return { type: 'read', file: word() };
  }

  function word(): Word {
    const parts: Part[] = [];
    while (at < source.length && !WORD_END.test(source.charAt(at))) {
      if (take("'")) parts.push(until("'"));
      else if (take('"')) while (!take('"')) parts.push(quotedPart());
      else parts.push(part(/[\s;&|()<>'"$\\]/));
    }
    if (parts.length === 0) fail('a word is missing');
    return { parts };
  }

  function until(close: string): Part {
    const end = source.indexOf(close, at);
    if (end < 0) fail(`${close} is not closed`);
    const text = source.slice(at, end);
    at = end + 1;
    return { type: 'text', text };
  }

  function quotedPart(): Part {
    if (at >= source.length) fail('" is not closed');
    return part(/["$\\]/);
  }

  function part(stop: RegExp): Part {
    if (take('\\')) return { type: 'text', text: source.charAt(at++) };
    if (take('$(')) {
      const body = list([')']);
      if (!take(')')) fail('$( is not closed');
      return { type: 'substitution', body };
    }
    if (take('$')) {
      if (take('$')) return { type: 'variable', name: '$' };
      if (take('?')) return { type: 'variable', name: '?' };
      const name = NAME.exec(rest())?.[0];
      if (name === undefined) return { type: 'text', text: '$' };
      at += name.length;
      return { type: 'variable', name };
    }
    const from = at;
    do at += 1;
    while (at < source.length && !stop.test(source.charAt(at)));
    return { type: 'text', text: source.slice(from, at) };
  }

  return {
    list,
    expectEnd() {
      if (at < source.length) fail(`unexpected ${source.charAt(at)}`);
    },
  };
}
