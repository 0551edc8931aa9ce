// Nests as text: one line per statement, indented. In: a kernel, or a part of one. Out: its text, for `explain`, errors and tests; two parts
// that have the same text compute the same.

import type { LoopVar } from './affine.ts';
import type { Expr, Kernel, NestGuard, NestIndex, Stmt } from './nest.ts';

export function printIndex(i: NestIndex): string {
  const terms = i.terms.map(({ atom, coef }) => {
    const text =
      atom.tag === 'var'
        ? atom.name
        : atom.tag === 'value'
          ? `{${printExpr(atom.expr)}}`
          : `(${printIndex(atom.of)} ${atom.tag === 'floor' ? '/' : '%'} ${atom.by})`;
    return coef === 1 ? text : `${coef}*${text}`;
  });
  if (i.offset !== 0 || terms.length === 0) terms.push(String(i.offset));
  return terms.join(' + ').replaceAll('+ -', '- ');
}

export function printExpr(e: Expr): string {
  switch (e.tag) {
    case 'number':
      return Object.is(e.value, -0) ? '-0' : String(e.value);
    case 'local':
      return e.name;
    case 'load':
      return `${e.buffer.name}[${printIndex(e.index)}]`;
    case 'index':
      return `(${printIndex(e.index)})`;
    case 'prim':
      return `${e.prim}(${e.args.map(printExpr).join(', ')})`;
    case 'cast':
      return `${e.dtype}(${printExpr(e.arg)})`;
    case 'guarded':
      return `(${e.guards.map(printGuard).join(' and ')} ? ${printExpr(e.value)} : ${e.otherwise})`;
  }
}

const printGuard = (g: NestGuard): string =>
  `${g.lo} <= ${printIndex(g.index)} < ${g.hi}${g.divides > 1 ? ` by ${g.divides}` : ''}`;

export function printStmts(stmts: readonly Stmt[], indent = ''): string {
  return stmts.map((s) => printStmt(s, indent)).join('\n');
}

function printStmt(s: Stmt, indent: string): string {
  const inner = (body: readonly Stmt[]): string =>
    body.length > 0 ? `\n${printStmts(body, `${indent}  `)}` : '';
  const loops = (vars: readonly LoopVar[]): string =>
    vars.map((v) => `${v.name}<${v.extent}`).join(' ') || '1';
  switch (s.tag) {
    case 'loop':
      return `${indent}for ${s.loop.name} < ${s.loop.extent}${s.loop.step === undefined ? '' : ` by ${s.loop.step}`}${s.apart ? ` as ${s.apart}` : ''}${inner(s.body)}`;
    case 'let':
      return `${indent}${s.name} = ${printExpr(s.value)}`;
    case 'var':
      return `${indent}var ${s.name} = ${printExpr(s.value)}`;
    case 'assign':
      return `${indent}${s.name} := ${printExpr(s.value)}`;
    case 'store':
      return `${indent}${s.buffer.name}[${printIndex(s.index)}] := ${printExpr(s.value)}`;
    case 'if':
      return `${indent}if ${printExpr(s.condition)}${inner(s.body)}`;
    case 'contraction':
      return `${indent}contract m: ${loops(s.m)} n: ${loops(s.n)} k: ${loops(s.k)}: ${s.acc} = sum ${printExpr(s.a)} * ${printExpr(s.b)}${inner(s.epilogue)}`;
    case 'routine':
      return `${indent}${s.output.name} := ${s.name}(${s.inputs.map((b) => b.name).join(', ')})`;
    case 'comment':
      return `${indent}// ${s.text}`;
  }
}

export const printKernel = (k: Kernel): string =>
  `kernel ${k.name}   // ${k.summary}\n${printStmts(k.body, '  ')}`;
