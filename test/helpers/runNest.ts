// An interpreter of nests. In: statements, and typed arrays for their buffers. Out: the arrays changed as the statements say. It knows
// nothing of JavaScript as text, so that passes over nests can be held against it one by one.

import type { Index } from '../../compiler/affine.ts';
import type { Buffer, Expr, NestGuard, Stmt } from '../../compiler/nest.ts';
import { castNumber, primitives } from '../../compiler/scalar.ts';
import type { TypedArray } from '../../runtime/buffer.ts';

/** Values of loop variables and locals. */
type Scope = ReadonlyMap<string, number>;
export type Memory = ReadonlyMap<Buffer, TypedArray>;

export function evaluateIndex(index: Index<unknown>, scope: Scope, value: (e: unknown) => number): number {
  return index.terms.reduce((sum, { atom, coef }) => {
    switch (atom.tag) {
      case 'var': {
        const found = scope.get(atom.name);
        if (found === undefined) throw new Error(`${atom.name} has no value`);
        return sum + coef * found;
      }
      case 'value':
        return sum + coef * value(atom.expr);
      case 'floor':
        return sum + coef * Math.floor(evaluateIndex(atom.of, scope, value) / atom.by);
      case 'mod':
        return sum + coef * (evaluateIndex(atom.of, scope, value) % atom.by);
    }
  }, index.offset);
}

export function evaluateExpr(e: Expr, scope: Scope, memory: Memory): number {
  const value = (x: Expr): number => evaluateExpr(x, scope, memory);
  const at = (index: Index<Expr>): number => evaluateIndex(index, scope, (x) => value(x as Expr));
  const holds = (g: NestGuard): boolean => {
    const i = at(g.index);
    return i >= g.lo && i < g.hi && i % g.divides === 0;
  };
  switch (e.tag) {
    case 'number':
      return e.value;
    case 'local': {
      const found = scope.get(e.name);
      if (found === undefined) throw new Error(`${e.name} has no value`);
      return found;
    }
    case 'load': {
      const array = memory.get(e.buffer);
      const i = at(e.index);
      if (!array || !(i >= 0 && i < array.length)) throw new Error(`${e.buffer.name}[${i}] does not exist`);
      return array[i];
    }
    case 'index':
      return at(e.index);
    case 'cast':
      return castNumber(e.dtype, value(e.arg));
    case 'guarded':
      return e.guards.every(holds) ? value(e.value) : e.otherwise;
    case 'prim': {
      if (e.prim === 'select') return value(value(e.args[0]) !== 0 ? e.args[1] : e.args[2]);
      const args = e.args.map(value);
      if (e.dtype === 'int32' && e.prim === 'mul') return Math.imul(args[0], args[1]);
      const result = primitives[e.prim].meaning(...args);
      return e.dtype === 'int32' || e.dtype === 'uint8' ? castNumber(e.dtype, result) : result;
    }
  }
}

/** Runs statements; locals of a block end with it. */
export function runStmts(stmts: readonly Stmt[], memory: Memory, outer: Scope = new Map()): void {
  run(stmts, memory, [new Map(outer)]);
}

type Frames = readonly Map<string, number>[];

/** Frames: the innermost last; `assign` changes the frame in which the local was opened. */
function run(stmts: readonly Stmt[], memory: Memory, frames: Frames): void {
  const scope = new Map(frames.flatMap((f) => [...f]));
  const mine = frames[frames.length - 1];
  const value = (e: Expr): number => evaluateExpr(e, scope, memory);
  const define = (name: string, v: number): void => {
    mine.set(name, v);
    scope.set(name, v);
  };
  const refresh = (): void => frames.forEach((f) => f.forEach((v, name) => scope.set(name, v)));
  for (const s of stmts)
    switch (s.tag) {
      case 'loop':
        for (let i = 0; i < s.loop.extent; i += s.loop.step ?? 1)
          run(s.body, memory, [...frames, new Map([[s.loop.name, i]])]);
        refresh();
        break;
      case 'let':
      case 'var':
        define(s.name, value(s.value));
        break;
      case 'assign': {
        const frame = frames.findLast((f) => f.has(s.name));
        if (!frame) throw new Error(`${s.name} is assigned but not open`);
        frame.set(s.name, value(s.value));
        scope.set(s.name, frame.get(s.name)!);
        break;
      }
      case 'store': {
        const array = memory.get(s.buffer);
        const i = evaluateIndex(s.index, scope, (x) => value(x as Expr));
        if (!array || !(i >= 0 && i < array.length)) throw new Error(`${s.buffer.name}[${i}] does not exist`);
        array[i] = castNumber(s.buffer.dtype, value(s.value));
        break;
      }
      case 'if':
        if (value(s.condition) !== 0) run(s.body, memory, [...frames, new Map()]);
        refresh();
        break;
      case 'contraction': {
        const loops = (
          vars: readonly { readonly name: string; readonly extent: number }[],
          f: (at: Scope) => void,
        ): void => {
          const total = vars.reduce((product, v) => product * v.extent, 1);
          for (let flat = 0; flat < total; flat++) {
            let rest = flat;
            const at = new Map<string, number>();
            for (const v of [...vars].reverse()) {
              at.set(v.name, rest % v.extent);
              rest = Math.floor(rest / v.extent);
            }
            f(at);
          }
        };
        loops([...s.m, ...s.n], (at) => {
          let acc = 0;
          loops(s.k, (k) => {
            const inside = new Map([...scope, ...at, ...k]);
            const [a, b] = [evaluateExpr(s.a, inside, memory), evaluateExpr(s.b, inside, memory)];
            acc = castNumber(
              s.dtype === 'int32' ? 'int32' : 'float64',
              acc + (s.dtype === 'int32' ? Math.imul(a, b) : a * b),
            );
          });
          run(s.epilogue, memory, [...frames, new Map([...at, [s.acc, acc]])]);
        });
        refresh();
        break;
      }
      case 'routine':
        throw new Error(`${s.name} is a routine of the host`);
      case 'comment':
        break;
    }
}
