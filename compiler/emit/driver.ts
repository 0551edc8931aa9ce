// A program as source texts. In: planned kernels. Out: each kernel as a text of its own, with what it needs and nothing else, and a driver
// that calls the kernels by name, in order: these are compiled, each as a script under its own name. And all of it as one text, to be read,
// made when somebody asks for it.

import { closeHelpers, helperTexts } from './helpers.ts';
import { KernelPrinter, arraysOf, renameText } from './js.ts';
import type { KernelText } from './js.ts';
import { placeLines } from './sourceMap.ts';
import { Writer, safeComment } from './writer.ts';
import type { Buffer, Kernel } from '../nest.ts';
import type { Origin } from '../node.ts';
import type { Plan } from '../plan.ts';

/** The body of a function, with a sourceURL as its last line. */
export interface Script {
  readonly text: string;
  /** For each line of the text the user's line that it computes; what a kernel does besides belongs to its first operation. */
  readonly origins: readonly (Origin | null)[];
}

export interface ProgramSource {
  /** For each kernel, in the order of a run, a function of `buffers` (arrays by name), `helpers` and `routines`, which returns the kernel. */
  readonly scripts: readonly Script[];
  /** A function of `buffers` and `kernels` (by name), which returns what runs all of them. */
  readonly driver: Script;
  /** The text of a kernel. */
  readonly textOf: (kernel: Kernel) => string;
  /** The whole as one text: the body of a function of `buffers`, `helpers` and `routines`, which returns the driver and the kernels. */
  readonly whole: () => string;
}

export interface SourceOptions {
  readonly name: string;
  /** Makes each text unlike any other: V8 shares feedback between equal texts, and that costs up to 2.5x. */
  readonly serial: number;
}

interface Printed {
  readonly kernel: Kernel;
  readonly text: KernelText;
  readonly body: Writer;
  readonly helpers: ReadonlySet<string>;
  /** The user's line of each line of a script that has so many lines before the body; one array for all kernels of one text. */
  readonly originsAfter: (lines: number) => Script['origins'];
}

export function emitProgram(p: Plan, options: SourceOptions): ProgramSource {
  const print = makePrinter();
  const printed = p.kernels.map(print);
  const folder = folderOf(options);
  const texts = new Map(printed.map((one) => [one.kernel, one.body]));
  return {
    scripts: printed.map((one) => kernelScript(one, options, `${folder}/${one.kernel.name}.js`)),
    driver: driverScript(p, options, `${folder}/run.js`),
    textOf: (kernel) => String(texts.get(kernel)),
    whole: () => wholeSource(p, printed, options, `${folder}.js`),
  };
}

/** Prints kernels; those that are like another one have its text under other names. */
function makePrinter(): (kernel: Kernel) => Printed {
  const done = new Map<Kernel, Printed>();
  const print = (kernel: Kernel): Printed => {
    if (kernel.like) {
      const model = printed(kernel.like.kernel);
      const text = renameText(model.text, kernel.like.renamed);
      return { ...model, kernel, text, body: bodyOf(text) };
    }
    const printer = new KernelPrinter();
    const text = printer.kernel(kernel);
    const body = bodyOf(text);
    const first = kernel.origins.find((o) => o.file !== '') ?? null;
    const origins = placeLines(body.lines, body.origins, first);
    return { kernel, text, body, helpers: printer.helpers, originsAfter: shifted(origins) };
  };
  const printed = (kernel: Kernel): Printed => {
    const known = done.get(kernel) ?? print(kernel);
    done.set(kernel, known);
    return known;
  };
  return printed;
}

function shifted(origins: Script['origins']): Printed['originsAfter'] {
  let [last, before]: [Script['origins'], number] = [[], -1];
  return (lines) => {
    if (lines !== before) {
      before = lines;
      last = [...Array.from({ length: lines }, () => null), ...origins, null, null];
    }
    return last;
  };
}

const bodyOf = ({ rows, about, main }: KernelText): Writer =>
  new Writer().append(rows).append(about).append(main);

const folderOf = ({ name, serial }: SourceOptions): string =>
  `gradloom/${name.replace(/[^A-Za-z0-9_-]/g, '_') || 'program'}-${serial}`;

const begin = ({ name, serial }: SourceOptions, what = ''): Writer =>
  new Writer().line("'use strict';").comment(`gradloom program ${serial}${what}: ${safeComment(name)}`);

/** Captured one by one: V8 takes a captured constant for what it is, the field of an object it would look up again. A note is made once. */
function capture(buffers: Iterable<Buffer>, w: Writer): void {
  const captured = new Set<string>();
  const noted = new Set<string>();
  for (const { name, piece, note } of buffers) {
    if (captured.has(name)) continue;
    captured.add(name);
    const line = `const $${name} = buffers.${piece ? `${piece.of.name}.subarray(${piece.start})` : name};`;
    w.line(note !== undefined && !noted.has(note) ? `${line} // ${note}` : line);
    if (note !== undefined) noted.add(note);
  }
}

/** Tables are made once per process and handed in: a program has many kernels, and a table takes longer than to compile one. */
function kernelScript(
  { kernel, body, helpers, originsAfter }: Printed,
  options: SourceOptions,
  url: string,
): Script {
  const order = closeHelpers(helpers);
  const given = order.flatMap((name) => (helperTexts[name] === undefined ? [name] : tableNames(name)));
  const w = begin(options, ` kernel ${kernel.name}`);
  if (given.length > 0) w.line(`const { ${given.join(', ')} } = helpers;`);
  for (const name of order) if (tableNames(name).length === 0) lines(helperTexts[name]?.text, w);
  capture(arraysOf(kernel), w);
  w.line();
  const origins = originsAfter(w.origins.length);
  w.append(body);
  w.line(`return ${kernel.name};`).line(`//# sourceURL=${url}`);
  return { text: w.toString(), origins };
}

function driverScript(p: Plan, options: SourceOptions, url: string): Script {
  const w = begin(options);
  for (const { name } of p.kernels) w.line(`const ${name} = kernels.${name};`);
  capture(
    p.copies.flatMap((c) => [c.from, c.to]),
    w,
  );
  run(p, w);
  w.line('return run;').line(`//# sourceURL=${url}`);
  return { text: w.toString(), origins: w.origins };
}

function run(p: Plan, w: Writer): void {
  w.block('function run()', () => {
    for (const k of p.kernels) w.line(`${k.name}();`);
    for (const c of p.copies) w.line(`$${c.to.name}.set($${c.from.name});`);
  });
}

function wholeSource(p: Plan, printed: readonly Printed[], options: SourceOptions, url: string): string {
  const order = closeHelpers(printed.flatMap(({ helpers }) => [...helpers]));
  const imported = order.filter((name) => helperTexts[name] === undefined);
  const w = begin(options);
  if (imported.length > 0) w.line(`const { ${imported.join(', ')} } = helpers;`);
  for (const name of order) lines(helperTexts[name]?.text, w);
  capture([...p.kernels.flatMap(arraysOf), ...p.copies.flatMap((c) => [c.from, c.to])], w);
  for (const { body } of printed) w.line().append(body, null);
  w.line();
  run(p, w);
  w.line(`return { run, kernels: { ${p.kernels.map((k) => k.name).join(', ')} } };`);
  return w.line(`//# sourceURL=${url}`).toString();
}

function lines(text: string | undefined, w: Writer): void {
  for (const line of text?.split('\n') ?? []) w.line(line);
}

/** The constants that a helper declares; empty if it is a function. */
export const tableNames = (helper: string): string[] =>
  Array.from(helperTexts[helper]?.text.matchAll(/^const (\w+)/gm) ?? [], ([, name]) => name);
