// The verifier of nests. In: a kernel. Out: nothing, or an InternalError that prints it. It runs after every transformation in tests, in
// checked mode and whenever somebody debugs; it trusts the ranges of run-time indices, which calls check (runtime/demands.ts).

import { rangeOf } from './affine.ts';
import { InternalError } from './errors.ts';
import type { Expr, Kernel, NestIndex, Stmt } from './nest.ts';
import { assignedOutside, bodyOf, exprsOf } from './nest.ts';
import { printExpr, printIndex, printKernel } from './printNest.ts';

/** Throws an InternalError that prints the kernel if a local or a loop variable is used where it is not defined, or an index can leave its buffer. */
export function verifyKernel(kernel: Kernel): void {
  const fail = (why: string): never => {
    throw new InternalError(`nest: ${why}\n${printKernel(kernel)}`);
  };
  const known = new Set([...kernel.reads, ...kernel.writes, ...kernel.scratch]);
  const checkExpr = (e: Expr, scope: ReadonlySet<string>, guarded = false): void => {
    const index = (i: NestIndex): void => {
      for (const t of i.terms) {
        if (t.atom.tag === 'var' && !scope.has(t.atom.name))
          fail(`loop variable ${t.atom.name} is not in scope`);
        if (t.atom.tag === 'value') checkExpr(t.atom.expr, scope, guarded);
        if (t.atom.tag === 'floor' || t.atom.tag === 'mod') index(t.atom.of);
      }
    };
    switch (e.tag) {
      case 'number':
        return;
      case 'local':
        if (!scope.has(e.name)) fail(`${e.name} is not in scope`);
        return;
      case 'index':
        return index(e.index);
      case 'load': {
        if (!known.has(e.buffer)) fail(`${e.buffer.name} is read but not declared`);
        index(e.index);
        const r = rangeOf(e.index);
        if (!guarded && (r.min < 0 || r.max >= e.buffer.length))
          fail(`${printExpr(e)} can read [${r.min}, ${r.max}] of ${e.buffer.length}`);
        return;
      }
      case 'prim':
        return e.args.forEach((a) => checkExpr(a, scope, guarded));
      case 'cast':
        return checkExpr(e.arg, scope, guarded);
      case 'guarded':
        e.guards.forEach((g) => index(g.index));
        return checkExpr(e.value, scope, true);
    }
  };
  const check = (stmts: readonly Stmt[], outer: ReadonlySet<string>, tested = false): void => {
    const scope = new Set(outer);
    for (const s of stmts) {
      const within = new Set(scope);
      if (s.tag === 'loop') within.add(s.loop.name);
      if (s.tag === 'contraction') for (const v of [...s.m, ...s.n, ...s.k]) within.add(v.name);
      exprsOf(s).forEach((e) => checkExpr(e, within, tested));
      if (s.tag === 'contraction') {
        for (const v of s.k) within.delete(v.name);
        within.add(s.acc);
      }
      if (s.tag === 'store') {
        if (!known.has(s.buffer)) fail(`${s.buffer.name} is written but not declared`);
        const r = rangeOf(s.index);
        if (r.min < 0 || r.max >= s.buffer.length)
          fail(`store to ${s.buffer.name}[${printIndex(s.index)}] can leave its ${s.buffer.length} elements`);
      }
      if (s.tag === 'assign' && !scope.has(s.name)) fail(`${s.name} is assigned but not in scope`);
      if (s.tag === 'loop' && s.apart !== undefined)
        for (const name of assignedOutside(s.body))
          fail(`${name} is assigned in ${s.apart}, a function that cannot see it`);
      // What never runs can read nothing that does not exist.
      if (s.tag !== 'loop' || s.loop.extent > 0)
        check(bodyOf(s), within, tested || (s.tag === 'if' && s.condition.tag === 'guarded'));
      if (s.tag === 'let' || s.tag === 'var') {
        if (scope.has(s.name)) fail(`${s.name} is defined twice`);
        scope.add(s.name);
      }
    }
  };
  check(kernel.body, new Set());
}
