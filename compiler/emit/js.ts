// Nests as JavaScript. In: a kernel whose buffers have names. Out: one function that closes over typed arrays, copies those it
// uses into locals (V8 then knows them to be constants), and runs its loops with literal bounds.

import { castText } from './cast.ts';
import { asNumber, forms, paren, strength, wrapInteger, type Operands, type Piece } from './primitives.ts';
import { Writer, safeComment } from './writer.ts';
import type { Origin } from '../node.ts';
import { InternalError } from '../errors.ts';
import { rangeOf, sameIndex, variablesOf } from '../affine.ts';
import type { Buffer, Expr, Kernel, Loop, NestGuard, NestIndex, Stmt } from '../nest.ts';
import { visitOwn, visitStmts } from '../nest.ts';
import type { Primitive } from '../scalar.ts';
import type { DType } from '../dtype.ts';

export interface Emitted {
  readonly text: string;
  readonly helpers: ReadonlySet<string>;
}

const atom = (text: string): Piece => ({ text, strength: strength.atom });

export class KernelPrinter {
  readonly helpers = new Set<string>();

  number(value: number): Piece {
    // attributes come from users, and must not become code
    if (typeof value !== 'number')
      throw new InternalError(`emit: a ${typeof value} in the place of a number`);
    if (Number.isNaN(value)) return atom('NaN');
    if (value === Infinity) return atom('Infinity');
    if (value === -Infinity || value < 0 || Object.is(value, -0))
      return {
        text: value === -Infinity ? '-Infinity' : Object.is(value, -0) ? '-0' : String(value),
        strength: strength.unary,
      };
    return atom(String(value));
  }

  /** A sum; what has a negative coefficient is subtracted. */
  index(i: NestIndex): Piece {
    if (i.terms.length === 1 && i.offset === 0 && i.terms[0].coef === 1)
      return this.atomText(i.terms[0].atom);
    const parts: string[] = [];
    let pieces = 0;
    for (const { atom: a, coef } of i.terms) {
      const base = this.atomText(a);
      const size = Math.abs(coef);
      const text = size === 1 ? paren(base, strength.product) : `${paren(base, strength.product)} * ${size}`;
      if (parts.length === 0)
        parts.push(
          coef < 0
            ? `-${size === 1 ? paren(base, strength.unary) : `${paren(base, strength.unary)} * ${size}`}`
            : text,
        );
      else parts.push(`${coef < 0 ? '-' : '+'} ${text}`);
      pieces++;
    }
    if (i.offset !== 0 || pieces === 0) {
      if (pieces === 0) return this.number(i.offset);
      parts.push(`${i.offset < 0 ? '-' : '+'} ${Math.abs(i.offset)}`);
      pieces++;
    }
    return { text: parts.join(' '), strength: pieces === 1 ? strength.product : strength.sum };
  }

  private atomText(a: NestIndex['terms'][number]['atom']): Piece {
    switch (a.tag) {
      case 'var':
        return atom(a.name);
      case 'value':
        return this.value(a.expr);
      case 'floor': {
        const of = this.index(a.of);
        if (rangeOf(a.of).min >= 0)
          return { text: `${paren(of, strength.product)} / ${a.by} | 0`, strength: strength.bitOr };
        return atom(`Math.floor(${paren(of, strength.product)} / ${a.by})`);
      }
      case 'mod':
        return { text: `${paren(this.index(a.of), strength.product)} % ${a.by}`, strength: strength.product };
    }
  }

  private guard(g: NestGuard): string {
    const range = rangeOf(g.index);
    const text = this.index(g.index);
    const tests: string[] = [];
    if (range.min < g.lo) tests.push(`${paren(text, strength.relation + 1)} >= ${g.lo}`);
    if (range.max >= g.hi) tests.push(`${paren(text, strength.relation + 1)} < ${g.hi}`);
    if (g.divides > 1) tests.push(`${paren(text, strength.product)} % ${g.divides} === 0`);
    return tests.join(' && ');
  }

  /** An expression as a number. */
  value(e: Expr): Piece {
    return asNumber(this.expr(e));
  }

  /** An expression as a condition; a number is true where it is not 0, NaN included. */
  condition(e: Expr): Piece {
    const piece = this.expr(e);
    if (piece.logical) return piece;
    return {
      text: `${paren(piece, strength.equality + 1)} !== 0`,
      strength: strength.equality,
      logical: true,
    };
  }

  private expr(e: Expr): Piece {
    switch (e.tag) {
      case 'number':
        return this.number(e.value);
      case 'local':
        return atom(e.name);
      case 'load':
        this.buffers.add(e.buffer);
        return atom(`${e.buffer.name}[${this.index(e.index).text}]`);
      case 'index':
        return this.index(e.index);
      case 'cast':
        return castText(e.dtype, this.expr(e.arg));
      case 'guarded': {
        const test = e.guards.map((g) => this.guard(g)).join(' && ');
        if (e.otherwise === 0 && e.value.tag === 'number' && e.value.value === 1)
          return { text: test, strength: strength.and, logical: true };
        const value = this.value(e.value);
        return {
          text: `${test} ? ${paren(value, strength.conditional + 1)} : ${this.number(e.otherwise).text}`,
          strength: strength.conditional,
        };
      }
      case 'prim':
        return this.prim(e.prim, e.args, e.dtype);
    }
  }

  private operand(e: Expr, as: Operands | undefined): Piece {
    if (as === 'logical') return this.condition(e);
    if (as === undefined) return this.value(e);
    const piece = this.expr(e);
    // a comparison beside & or | stands in brackets
    return piece.logical ? { ...piece, strength: strength.conditional } : piece;
  }

  private prim(name: Primitive, args: readonly Expr[], dtype: DType): Piece {
    let form = forms[name];
    if (form.tag === 'fast') {
      if (dtype === 'float32' && this.hot) return this.call(form.single, args, false);
      form = form.double;
    }
    switch (form.tag) {
      case 'infix': {
        const { operands } = form;
        const [a, b] = args.map((e) => this.operand(e, operands));
        // A sum may stand bare on the left of another one; on the right only what binds more strongly.
        const text = `${paren(a, form.strength)} ${form.symbol} ${paren(b, form.strength + 1)}`;
        const piece: Piece = { text, strength: form.strength, logical: form.logical };
        return wrapInteger(name, dtype, piece, [a.text, b.text]);
      }
      case 'prefix': {
        const a = this.operand(args[0], form.operands);
        const inner = paren(a, strength.unary);
        const text = `${form.symbol}${inner.startsWith('-') || inner.startsWith('+') ? `(${inner})` : inner}`;
        return wrapInteger(name, dtype, { text, strength: strength.unary, logical: form.logical }, [a.text]);
      }
      case 'math': {
        const text = `Math.${form.name}(${args.map((a) => this.value(a).text).join(', ')})`;
        return wrapInteger(name, dtype, atom(text), []);
      }
      case 'helper':
        return this.call(form.name, args, form.logical ?? false);
      case 'select': {
        const [c, a, b] = [this.condition(args[0]), this.value(args[1]), this.value(args[2])];
        return {
          text: `${paren(c, strength.conditional + 1)} ? ${paren(a, strength.conditional + 1)} : ${paren(b, strength.conditional)}`,
          strength: strength.conditional,
        };
      }
      case 'fast':
        throw new InternalError(`${name}: a fast form of a fast form`);
    }
  }

  private call(helper: string, args: readonly Expr[], logical: boolean): Piece {
    if (!helper.startsWith('Number.')) this.helpers.add(helper);
    return {
      text: `${helper}(${args.map((a) => this.value(a).text).join(', ')})`,
      strength: strength.atom,
      logical,
    };
  }

  /** What stands beside a loop runs rarely: there the functions of Math are as good, and leave V8's registers to the loop. */
  private hot = true;

  statements(stmts: readonly Stmt[], w: Writer): void {
    const outer = this.hot;
    this.hot = !stmts.some((s) => s.tag === 'loop');
    for (const s of stmts) {
      if (s.tag === 'loop') this.hot = true;
      this.statement(s, w);
      if (s.tag === 'loop') this.hot = false;
    }
    this.hot = outer;
  }

  private statement(s: Stmt, w: Writer): void {
    switch (s.tag) {
      case 'loop': {
        if (s.apart !== undefined) {
          this.apart.push(s);
          w.block(loopHead(s), () => w.line(`${s.apart}(${freeIn(s.body).join(', ')});`));
          return;
        }
        w.block(loopHead(s), () => this.statements(s.body, w));
        return;
      }
      case 'let':
        w.line(`const ${s.name} = ${this.value(s.value).text};`, s.origin);
        return;
      case 'var':
        w.line(`let ${s.name} = ${this.value(s.value).text};`);
        return;
      case 'assign':
        w.line(this.assignment(s.name, { tag: 'local', name: s.name }, s.value), s.origin);
        return;
      case 'store': {
        const target: Expr = { tag: 'load', buffer: s.buffer, index: s.index };
        w.line(this.assignment(this.expr(target).text, target, s.value), s.origin);
        return;
      }
      case 'if':
        w.block(`if (${this.condition(s.condition).text})`, () => this.statements(s.body, w));
        return;
      case 'routine':
        for (const b of [s.output, ...s.inputs]) this.buffers.add(b);
        w.line(`routines.run${s.slot}([${s.inputs.map((b) => b.name).join(', ')}], ${s.output.name});`);
        return;
      case 'comment':
        w.comment(s.text);
        return;
      case 'contraction':
        throw new InternalError('emit: a contraction without loops');
    }
  }

  /** `a += b` where that is what is meant: reads better, and is the same. */
  private assignment(text: string, target: Expr, value: Expr): string {
    if (
      value.tag === 'prim' &&
      (value.prim === 'add' || value.prim === 'mul') &&
      (value.dtype === 'float32' || value.dtype === 'float64')
    ) {
      const spread =
        value.prim === 'add'
          ? leftmost(value, target)
          : sameExpr(value.args[0], target)
            ? value.args[1]
            : null;
      if (spread) return `${text} ${value.prim === 'add' ? '+=' : '*='} ${this.value(spread).text};`;
    }
    return `${text} = ${this.value(value).text};`;
  }

  /** What the function that is being printed reads and writes. */
  private readonly buffers = new Set<Buffer>();
  /** Loops of the kernel whose bodies are functions. */
  private apart: Loop[] = [];

  kernel(k: Kernel): KernelText {
    const all = [...new Set(arraysOf(k))];
    const print = (head: string, body: readonly Stmt[]): Writer => {
      const inside = new Writer();
      this.buffers.clear();
      this.statements(body, inside);
      const used = all.filter((b) => this.buffers.has(b));
      return new Writer().block(head, (w) => {
        if (used.length > 0) w.line(`const ${used.map((b) => `${b.name} = $${b.name}`).join(', ')};`);
        w.append(inside);
      });
    };
    this.apart = [];
    const main = print(`function ${k.name}()`, k.body);
    const rows = new Writer();
    for (const { apart, body } of this.apart) {
      rows.comment(`a row of ${k.name}`);
      rows.append(print(`function ${apart}(${freeIn(body).join(', ')})`, body)).line();
    }
    const about = new Writer().comment(k.summary);
    for (const o of describeOrigins(k.origins)) about.comment(o);
    return { rows, about, main };
  }
}

/** The parts of a kernel's text, in this order. */
export interface KernelText {
  /** Functions of rows, each with a comment that names the kernel. */
  readonly rows: Writer;
  /** Comments: its loops, and the user's lines. */
  readonly about: Writer;
  readonly main: Writer;
}

/** The arrays that a kernel's statements use. */
export const arraysOf = ({ reads, writes, scratch, pieces = [] }: Kernel): readonly Buffer[] => [
  ...reads.map((b) => pieces.find((p) => p.piece?.of === b) ?? b),
  ...writes,
  ...scratch,
];

/**
 * The text of a kernel that is like one that has been printed. Only names of the program are replaced, which no local has; `Math.exp` is not
 * the array `exp`.
 */
export function renameText(
  { rows, about, main }: KernelText,
  names: ReadonlyMap<string, string>,
): KernelText {
  const known = new RegExp(`(?<!\\.)\\b(?:${[...names.keys()].join('|')})\\b`, 'g');
  const rename = (line: string): string => line.replace(known, (name) => names.get(name) as string);
  return { rows: rows.mapped(rename), about, main: main.mapped(rename) };
}

function loopHead({ loop: { name, extent, step } }: Loop): string {
  return `for (let ${name} = 0; ${name} < ${extent}; ${step === undefined ? `${name}++` : `${name} += ${step}`})`;
}

/** The names that a function with this body must be given. */
function freeIn(body: readonly Stmt[]): readonly string[] {
  const defined = new Set<string>();
  const names = new Set<string>();
  visitStmts(body, (s) => {
    if (s.tag === 'loop') defined.add(s.loop.name);
    if (s.tag === 'let' || s.tag === 'var') defined.add(s.name);
    visitOwn(
      s,
      (e) => e.tag === 'local' && names.add(e.name),
      (i) => variablesOf(i, names),
    );
  });
  return [...names].filter((name) => !defined.has(name));
}

function sameExpr(a: Expr, b: Expr): boolean {
  if (a.tag === 'local') return b.tag === 'local' && a.name === b.name;
  return a.tag === 'load' && b.tag === 'load' && a.buffer === b.buffer && sameIndex(a.index, b.index);
}

/** ((target + x) + y) + z as x + y + z, or null: the order of the additions changes, which doubles forgive. */
function leftmost(e: Expr, target: Expr): Expr | null {
  if (e.tag !== 'prim' || e.prim !== 'add') return null;
  if (sameExpr(e.args[0], target)) return e.args[1];
  const rest = leftmost(e.args[0], target);
  return rest && { ...e, args: [rest, e.args[1]] };
}

/** `model.ts:12 softmax, model.ts:14 mul, sum`. */
export function describeOrigins(origins: readonly Origin[]): string[] {
  const byLine = new Map<string, string[]>();
  for (const o of origins) {
    const key = `${o.file}:${o.line}`;
    const list = byLine.get(key);
    if (list) list.push(o.op);
    else byLine.set(key, [o.op]);
  }
  return [...byLine].map(
    ([line, ops]) => `${safeComment(line)}  ${safeComment([...new Set(ops)].join(', '))}`,
  );
}
