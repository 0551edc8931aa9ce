// A whole program as one source text. In: planned kernels. Out: the body of a function of `buffers` (typed arrays by name),
// `helpers` and `routines`, which returns the driver and the kernels. The driver calls the kernels by name, in order.

import { closeHelpers, helperTexts } from './helpers.ts';
import { KernelPrinter } from './js.ts';
import { Writer, safeComment } from './writer.ts';
import type { Buffer, Kernel } from '../nest.ts';
import type { Origin } from '../node.ts';
import type { Plan } from '../plan.ts';

export interface ProgramSource {
  readonly source: string;
  /** The text of each kernel. */
  readonly kernels: ReadonlyMap<Kernel, string>;
  /** For each line of the source the user's line that it computes; what a kernel does besides belongs to its first. */
  readonly origins: readonly (Origin | null)[];
}

export interface SourceOptions {
  readonly name: string;
  /** Makes the text unlike any other: V8 shares feedback between equal texts, and that costs up to 2.5x. */
  readonly serial: number;
}

export function emitProgram(p: Plan, options: SourceOptions): ProgramSource {
  const printer = new KernelPrinter();
  const kernels = new Map(p.kernels.map((k) => [k, printer.kernel(k)]));
  const order = closeHelpers(printer.helpers);
  const imported = order.filter((name) => helperTexts[name] === undefined);
  const w = new Writer();
  w.line("'use strict';");
  w.comment(`gradloom program ${options.serial}: ${safeComment(options.name)}`);
  if (imported.length > 0) w.line(`const { ${imported.join(', ')} } = helpers;`);
  for (const name of order)
    if (helperTexts[name]) for (const line of helperTexts[name].text.split('\n')) w.line(line);
  const used = new Set<Buffer>(p.kernels.flatMap((k) => [...k.reads, ...k.writes, ...k.scratch]));
  for (const c of p.copies) used.add(c.from).add(c.to);
  // Captured one by one: V8 takes a captured constant for what it is, the field of an object it would look up again.
  for (const b of used) w.line(`const $${b.name} = buffers.${b.name};`);
  for (const k of p.kernels) {
    const first = k.origins.find((o) => o.file !== '') ?? null;
    w.line().append(kernels.get(k) as Writer, first);
  }
  w.line();
  w.block('function run()', () => {
    for (const k of p.kernels) w.line(`${k.name}();`);
    for (const c of p.copies) w.line(`$${c.to.name}.set($${c.from.name});`);
  });
  w.line(`return { run, kernels: { ${p.kernels.map((k) => k.name).join(', ')} } };`);
  const label = options.name.replace(/[^A-Za-z0-9_-]/g, '_') || 'program';
  w.line(`//# sourceURL=gradloom/${label}-${options.serial}.js`);
  const texts = new Map([...kernels].map(([k, text]) => [k, text.toString()]));
  return { source: w.toString(), kernels: texts, origins: w.origins };
}
