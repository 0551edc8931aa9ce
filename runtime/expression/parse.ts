// The grammar of `expr`. In: the text of a template, with its values as places. Out: a tree. Operators bind as in JavaScript, with `@` and `//`
// beside `*`; a sign before a power belongs to the whole power, as in mathematics. The technique is Pratt's: "Top down operator
// precedence", 1973.

import { ValueError } from '../../compiler/errors.ts';

export type Expression =
  | { readonly tag: 'number'; readonly value: number | boolean }
  /** The value at this place of the template. */
  | { readonly tag: 'place'; readonly index: number }
  | { readonly tag: 'list'; readonly items: readonly Expression[] }
  | { readonly tag: 'unary'; readonly operator: string; readonly x: Expression }
  | { readonly tag: 'binary'; readonly operator: string; readonly x: Expression; readonly y: Expression }
  | {
      readonly tag: 'choice';
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | { readonly tag: 'call'; readonly name: string; readonly args: readonly Expression[] };

interface Token {
  readonly kind: 'number' | 'name' | 'place' | 'sign' | 'end';
  readonly text: string;
  readonly index: number;
  /** Where it begins in the text that messages show. */
  readonly at: number;
}

const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '//', '%', '@'],
];
/** How tightly a binary operator binds. */
const binding = new Map(levels.flatMap((operators, level) => operators.map((o) => [o, level + 1] as const)));
const signLevel = levels.length + 1;
const powerLevel = levels.length + 2;

const constants: Readonly<Record<string, number | boolean>> = {
  true: true,
  false: false,
  pi: Math.PI,
  e: Math.E,
  inf: Infinity,
  nan: NaN,
};

const tokenPattern =
  /\s*(?:(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)|([A-Za-z]\w*)|(\*\*|\/\/|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%@&|^~!<>?:.,()[\]]))/iy;

/** The text of a template as a person would write it. */
const written = (parts: readonly string[]): string =>
  parts.map((p, i) => (i === 0 ? p : `\${${i}}${p}`)).join('');

/** The line of a text that a place is in, and a mark below that place. */
function pointAt(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  const line = text.slice(start, end < 0 ? undefined : end).replaceAll('\t', ' ');
  const indent = line.length - line.trimStart().length;
  const shown = line.trim();
  return `${shown}\n  ${' '.repeat(Math.min(at - start - indent, shown.length))}^`;
}

/** A message that shows the text, on a line of its own, and the place in it. */
const faultAt = (parts: readonly string[], at: number, message: string): ValueError =>
  new ValueError(`expr: ${message}\n  ${pointAt(written(parts), at)}`);

function tokensOf(parts: readonly string[]): Token[] {
  const tokens: Token[] = [];
  /** Where the present part begins in the whole text. */
  let start = 0;
  parts.forEach((part, k) => {
    if (k > 0) {
      const text = `\${${k}}`;
      tokens.push({ kind: 'place', text, index: k - 1, at: start });
      start += text.length;
    }
    for (let at = 0; part.slice(at).trim() !== ''; at = tokenPattern.lastIndex) {
      tokenPattern.lastIndex = at;
      const begin = at + part.slice(at).length - part.slice(at).trimStart().length;
      const found = tokenPattern.exec(part);
      if (!found) throw faultAt(parts, start + begin, `cannot read '${part[begin]}'`);
      const [, number, name, sign] = found;
      const kind = number !== undefined ? 'number' : name !== undefined ? 'name' : 'sign';
      tokens.push({ kind, text: number ?? name ?? sign, index: 0, at: start + begin });
    }
    start += part.length;
  });
  return [...tokens, { kind: 'end', text: 'the end', index: 0, at: written(parts).trimEnd().length }];
}

/** The tree of a template's parts. ValueError with the text and a mark below the place for what is no expression. */
export function parseExpression(parts: readonly string[], isFunction: (name: string) => boolean): Expression {
  const tokens = tokensOf(parts);
  let at = 0;

  const fail = (wanted: string): never => {
    throw faultAt(parts, tokens[at].at, `expected ${wanted} but found ${tokens[at].text}`);
  };
  const accept = (text: string): boolean => {
    const found = tokens[at].kind === 'sign' && tokens[at].text === text;
    if (found) at++;
    return found;
  };
  const expect = (text: string): void => {
    if (!accept(text)) fail(`'${text}'`);
  };
  const checkFunction = (name: string): void => {
    if (!isFunction(name)) throw faultAt(parts, tokens[at - 1].at, `there is no function '${name}'`);
  };
  const nameHere = (): string => (tokens[at].kind === 'name' ? tokens[at++].text : fail('a name'));

  const listUntil = (close: string): Expression[] => {
    const items: Expression[] = [];
    if (accept(close)) return items;
    do items.push(whole());
    while (accept(','));
    expect(close);
    return items;
  };

  function primary(): Expression {
    const { kind, text, index } = tokens[at];
    if (kind === 'number') {
      at++;
      return { tag: 'number', value: Number(text) };
    }
    if (kind === 'place') {
      at++;
      return { tag: 'place', index };
    }
    if (kind === 'name') {
      at++;
      if (tokens[at].text === '(') {
        checkFunction(text);
        at++;
        return { tag: 'call', name: text, args: listUntil(')') };
      }
      if (Object.hasOwn(constants, text)) return { tag: 'number', value: constants[text] };
      throw faultAt(
        parts,
        tokens[at - 1].at,
        `'${text}' is neither a function nor a constant; write \${${text}} for a variable`,
      );
    }
    if (accept('(')) {
      const inner = whole();
      expect(')');
      return inner;
    }
    if (accept('[')) return { tag: 'list', items: listUntil(']') };
    return fail('a value');
  }

  function postfix(): Expression {
    let x = primary();
    while (accept('.')) {
      const name = nameHere();
      if (name === 'T' || name === 'mT') x = { tag: 'call', name, args: [x] };
      else {
        checkFunction(name);
        expect('(');
        x = { tag: 'call', name, args: [x, ...listUntil(')')] };
      }
    }
    return x;
  }

  function operand(): Expression {
    for (const operator of ['-', '+', '~', '!'])
      if (accept(operator)) return { tag: 'unary', operator, x: binary(signLevel) };
    const base = postfix();
    // a power groups from the right, and its exponent may have a sign
    return accept('**') ? { tag: 'binary', operator: '**', x: base, y: binary(powerLevel - 1) } : base;
  }

  function binary(least: number): Expression {
    let x = operand();
    for (;;) {
      const { kind, text } = tokens[at];
      const level = kind === 'sign' ? binding.get(text) : undefined;
      if (level === undefined || level < least) return x;
      at++;
      x = { tag: 'binary', operator: text, x, y: binary(level + 1) };
    }
  }

  function whole(): Expression {
    const x = binary(1);
    if (!accept('?')) return x;
    const yes = whole();
    expect(':');
    return { tag: 'choice', condition: x, yes, no: whole() };
  }

  const result = whole();
  return tokens[at].kind === 'end' ? result : fail('an operator');
}
