// Rows taken in together. In: statements. Out: where all that a row does is to add to sums that lie in memory, one per column, several rows
// are added at once:
//
//   for i < m: for j < n: S[j] += x[i][j]
//   becomes    for i < m by 8: for j < n: S[j] += x[i][j] + x[i+1][j] + ... + x[i+7][j]
//
// A sum is then read and written once for eight values; one row at a time, that takes longer than adding them.

import type { LoopVar } from './affine.ts';
import { add, indexOf, ofVar, sameIndex, variablesOf } from './affine.ts';
import { limits } from './limits.ts';
import type { Buffer, Expr, Loop, NestIndex, Stmt, Store } from './nest.ts';
import { substituteIn, visitOwn } from './nest.ts';
import { everywhere, sizeOfStmts } from './tidy.ts';
import { callsIn, copyAt, numbered } from './unroll.ts';

/** Jams the loops among the statements and inside of them. */
export const jamRows = (stmts: readonly Stmt[]): readonly Stmt[] =>
  everywhere(stmts, (body) =>
    body.some((s) => s.tag === 'loop' && s.body.length === 1)
      ? body.flatMap((s) => (s.tag === 'loop' ? jam(s) : [s]))
      : body,
  );

function jam(rows: Loop): readonly Stmt[] {
  const [columns] = rows.body;
  if (rows.body.length !== 1 || columns.tag !== 'loop' || !addsOnly(columns, rows.loop)) return [rows];
  const { loop } = rows;
  if (loop.step !== undefined || columns.loop.extent <= limits.localColumns) return [rows];
  const size = sizeOfStmts(columns.body);
  const calls = callsIn(columns.body);
  const count = limits.jammedRows.find(
    (n) => loop.extent >= 2 * n && size * n <= limits.jammedSize && calls * n <= limits.unrolledCalls,
  );
  if (count === undefined) return [rows];
  const main = loop.extent - (loop.extent % count);
  const step: LoopVar = { ...loop, extent: main, step: count };
  const together = Array.from({ length: count }, (_, k) =>
    copyAt(loop, columns.body, add(ofVar(step), indexOf(k)), (name) => (k === 0 ? name : numbered(name, k))),
  );
  const values = together.flatMap((body) => body.filter((s) => s.tag === 'let'));
  const sums = together
    .map((body) => body.filter((s): s is Store => s.tag === 'store'))
    .reduce((all, more) =>
      all.map((s, i) => ({ ...s, value: { ...sumOf(s), args: [s.value, termOf(more[i])] } })),
    );
  const result: Stmt[] = [{ ...rows, loop: step, body: [{ ...columns, body: [...values, ...sums] }] }];
  const left: LoopVar = { ...loop, extent: loop.extent - main };
  if (left.extent > 0) {
    const at = left.extent === 1 ? indexOf(main) : add(ofVar(left), indexOf(main));
    const rest = movedTo(columns, loop, at);
    result.push(...(left.extent === 1 ? [rest] : [{ ...rows, loop: left, body: [rest] }]));
  }
  return result;
}

const movedTo = (s: Stmt, loop: LoopVar, at: NestIndex): Stmt =>
  substituteIn(s, (v) => (v.name === loop.name ? at : null));

/** True if a loop computes values and adds them to sums in scratch whose places do not change with the rows, and does nothing else. */
function addsOnly({ loop, body }: Loop, rows: LoopVar): boolean {
  if (loop.step !== undefined) return false;
  const sums = new Set<Buffer>();
  for (const s of body) {
    if (s.tag === 'let') continue;
    if (s.tag !== 'store' || s.buffer.role !== 'scratch' || sums.has(s.buffer) || !isSum(s)) return false;
    if (variablesOf(s.index).has(rows.name)) return false;
    sums.add(s.buffer);
  }
  let reads = 0;
  for (const s of body) visitOwn(s, (e) => e.tag === 'load' && sums.has(e.buffer) && reads++);
  return sums.size > 0 && reads === sums.size;
}

const isSum = ({ buffer, index, value }: Store): boolean =>
  value.tag === 'prim' &&
  value.prim === 'add' &&
  value.args[0].tag === 'load' &&
  value.args[0].buffer === buffer &&
  sameIndex(value.args[0].index, index);

type Sum = Extract<Expr, { tag: 'prim' }>;
const sumOf = (s: Store): Sum => s.value as Sum;
const termOf = (s: Store): Expr => sumOf(s).args[1];
