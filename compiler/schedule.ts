// The schedule of a kernel: a straight list of transformations of its nest. In: a kernel as lowered. Out: the same kernel as it
// will be printed.

import { withoutBranches } from './branchless.ts';
import type { Making } from './branchless.ts';
import { limits } from './limits.ts';
import { mergeDeviations } from './deviation.ts';
import { joinEqualSums } from './equalSums.ts';
import type { Buffer, Kernel, Stmt } from './nest.ts';
import { bodyOf, visitStmts } from './nest.ts';
import { invertDivisors } from './invert.ts';
import { jamRows } from './jam.ts';
import { nameLoads } from './loadsFirst.ts';
import { Names, scratchName } from './names.ts';
import { pickTerms } from './pick.ts';
import { promoteScratch } from './promote.ts';
import { passesOf, setApart } from './apart.ts';
import { tile } from './tile.ts';
import { cutLoops } from './segments.ts';
import { settleKnown } from './settle.ts';
import { beginAtOnce, everywhere, hoistBases, inlineOnce, joinLoops } from './tidy.ts';
import { splitSums, unrollShort } from './unroll.ts';

/** Names in use, so that transformations can add their own. */
export function namesOf(kernel: Kernel, taken: Names): Names {
  const names = new Names(taken);
  kernel.scratch.forEach((b) => names.reserve(b.name));
  visitStmts(kernel.body, (s) => {
    if (s.tag === 'let' || s.tag === 'var') names.reserve(s.name);
    if (s.tag === 'loop') names.reserve(s.loop.name);
    if (s.tag === 'contraction')
      [s.acc, ...[...s.m, ...s.n, ...s.k].map((v) => v.name)].forEach((name) => names.reserve(name));
  });
  return names;
}

const holdsContraction = (s: Stmt): boolean => s.tag === 'contraction' || bodyOf(s).some(holdsContraction);

/** Loops are chosen and joined; indices are still whole, so that the plan can compare them. */
export function schedule(kernel: Kernel, taken: Names, unique: (base: string) => string): Kernel {
  const names = namesOf(kernel, taken);
  const fresh = (base: string): string => names.fresh(base);
  let scratch: readonly Buffer[] = kernel.scratch;
  const newScratch: Making['scratch'] = (base, dtype, length, note) => {
    const buffer: Buffer = { name: scratchName(base, names, unique), dtype, length, role: 'scratch', note };
    scratch = [...scratch, buffer];
    return buffer;
  };
  let body: readonly Stmt[] = kernel.body;
  const contracts = body.some(holdsContraction);
  if (contracts)
    body = everywhere(body, (stmts) =>
      stmts.flatMap((s) => (s.tag === 'contraction' ? tile(s, { fresh, scratch: newScratch }) : [s])),
    );
  const tiled = scratch.length > kernel.scratch.length;
  body = pickTerms(body);
  body = joinEqualSums(body);
  body = inlineOnce(body);
  body = invertDivisors(body, fresh);
  body = joinLoops(body);
  body = mergeDeviations(body, fresh);
  const passes = contracts ? 0 : passesOf(body);
  body = cutLoops(body, fresh);
  body = joinLoops(body);
  body = jamRows(body);
  const looped = body;
  body = unrollShort(body, tiled ? limits.unrolledSparingly : limits.unrolled);
  if (body !== looped) {
    ({ body, scratch } = promoteScratch(body, scratch, fresh));
    body = inlineOnce(nameLoads(body, fresh));
  }
  body = splitSums(body);
  body = settleKnown(body);
  body = beginAtOnce(withoutBranches(body, { fresh, scratch: newScratch }));
  // The loops of a contraction are one loop to V8: nearly all of its time is in the innermost.
  if (!contracts) body = setApart(body, { name: () => unique(`${kernel.name}Row`), scratch: newScratch });
  const summary = passes > 1 ? `${kernel.summary} · ${passes} passes` : kernel.summary;
  return { ...kernel, body, scratch, summary };
}

/** The last step before printing: what a loop does not change in an index is named before it. */
export function hoist(kernel: Kernel, taken: Names): Kernel {
  const names = namesOf(kernel, taken);
  return { ...kernel, body: hoistBases(kernel.body, (base) => names.fresh(base)) };
}
