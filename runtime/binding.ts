// Binding: a traced graph with its executable, ready to be called. In: the tensors of a call. Out: the program has run on them; results are
// fresh tensors, state and gradients have been written back. Whatever can be known before the call is settled when the binding is made.
//
// State lives where programs read and write it (its cell's home). Arguments are copied in, results copied out. Gradients that become the
// `.grad` of outside tensors stay in the program's memory until somebody asks for them (`keepElements`): most are never looked at.

import { numel } from '../compiler/shape.ts';
import { TraceError } from '../compiler/errors.ts';
import type { TensorType } from '../compiler/node.ts';
import { allocate, copyInto, copyOf } from './buffer.ts';
import type { TypedArray } from './buffer.ts';
import {
  beforeOverwrite,
  bufferOf,
  bufferOfCell,
  isBuffer,
  keepElements,
  leafOf,
  makeBuffer,
  makeCell,
  makeHome,
  moveInto,
  writeCell,
} from './cell.ts';
import type { Buffer, Cell, Home } from './cell.ts';
import { nodeOfTensor } from './core.ts';
import { askBefore, asking } from './demands.ts';
import type { Executable } from './executable.ts';
import { unflatten } from './pytree.ts';
import { resultOf } from './pool.ts';
import { elementsOf } from './read.ts';
import { forget, realizeNodes, remind } from './realize.ts';
import { prepareWith } from './target.ts';
import type { TargetOptions } from './target.ts';
import { Tensor } from './tensor.ts';
import type { Feed } from './trace.ts';
import type { Traced } from './traced.ts';
import { writeTensor } from './views.ts';

export interface Binding {
  readonly executable: Executable;
  /** Runs on the tensors of a call. */
  call(tensors: readonly Tensor[]): unknown;
  /** True if it has been called: its inputs have values. */
  readonly called: () => boolean;
  /**
   * Fills the inputs as a call would, or leaves them as the last call did (null), runs `body`, and then puts back all memory that programs
   * have in common.
   */
  rehearse<T>(tensors: readonly Tensor[] | null, body: () => T): T;
}

/** A cell whose value a program reads or writes in place. */
interface Resident {
  readonly home: Home;
  readonly cell: () => Cell;
  /** A gradient that is added to: nothing else that the program reads may be the same tensor. */
  readonly isGradient: boolean;
}

/** A gradient in the memory of the program. */
interface Lent {
  readonly of: Tensor;
  readonly buffer: Buffer;
  /** The tensor that holds it, if nobody has looked at that. */
  handle: Tensor | null;
}

/** Makes a traced function ready to be called. */
export function bind(traced: Traced, options: TargetOptions): Binding {
  const { graph, sources, writeBack, tree, argumentWrites, assignedGradients } = traced;
  const typeOf = (output: number): TensorType => graph.outputs[output].type;
  const changedSources = new Set(traced.changed.map((c) => c.source));

  const residents: (Resident | null)[] = sources.map((s, i) => {
    if (s.tag === 'state')
      return { home: (s.cell.home ??= makeHome(s.cell)), cell: () => s.cell, isGradient: false };
    if (s.tag !== 'gradient' || !changedSources.has(i)) return null;
    const cell = (): Cell => cellOfGradient(s.of());
    return { home: makeHome(cell()), cell, isGradient: true };
  });
  const homes = sources.map(
    (s, i) => residents[i]?.home.array ?? (s.tag === 'constant' ? s.buffer.array : null),
  );
  const executable = prepareWith(graph, { ...options, homes, writeBack });
  const { inputs, outputs } = executable;

  const living = residents.filter((r) => r !== null);
  const written = traced.changed.map(({ source, writes }) => ({ ...residents[source]!, writes }));
  const lent = traced.newGradients
    .filter((g) => g.fixed)
    .map(({ of, output }): Lent => ({
      of: of(),
      buffer: makeBuffer(typeOf(output), outputs[output], executable),
      handle: null,
    }));
  const givenGradients = traced.newGradients.filter((g) => !g.fixed);
  const copiedArguments = sources.flatMap((s, i) =>
    s.tag === 'argument' ? [{ slot: s.slot, into: inputs[i] }] : [],
  );
  const copiedGradients = sources.flatMap((s, i) =>
    s.tag === 'gradient' && residents[i] === null ? [{ of: s.of, into: inputs[i] }] : [],
  );
  const feeds = traced.feeds.map((feed) => ({ feed, into: arrayOfFeed(feed, traced, executable) }));
  const resultTypes = traced.results.map(typeOf);
  const ask = askBefore(traced.demandsBefore, graph.inputs, executable, options);
  const run = runnerOf(executable, traced, options, written, lent);

  const fill = (tensors: readonly Tensor[]): void => {
    realizeLazy(tensors);
    for (let i = 0; i < living.length; i++) {
      const { home, cell, isGradient } = living[i];
      const present = cell();
      if (isGradient) refuseOtherWays(present, tensors, living);
      if (present.value !== home) moveInto(home, present, elementsOfCell(present));
    }
    for (let i = 0; i < copiedArguments.length; i++) {
      const { slot, into } = copiedArguments[i];
      copyInto(into, elementsOf(tensors[slot]));
    }
    for (let i = 0; i < copiedGradients.length; i++) {
      const { of, into } = copiedGradients[i];
      copyInto(into, elementsOf(of().core.grad!));
    }
    for (let i = 0; i < feeds.length; i++) feeds[i].feed.fill(feeds[i].into);
  };
  const result = (o: number, type: TensorType): Tensor =>
    new Tensor(makeCell(makeBuffer(type, resultOf(outputs[o]))));

  let called = false;
  return {
    executable,
    called: () => called,
    call(tensors) {
      fill(tensors);
      ask();
      called = true;
      for (let i = 0; i < written.length; i++) beforeOverwrite(written[i].home);
      for (let i = 0; i < lent.length; i++) beforeOverwrite(lent[i].buffer);
      run();
      for (let i = 0; i < written.length; i++) written[i].home.tenant.version += written[i].writes;
      for (const { slot, output, writes } of argumentWrites)
        writeArgument(tensors[slot], makeBuffer(typeOf(output), resultOf(outputs[output])), writes);
      if (assignedGradients.length > 0) assignGradients(assignedGradients);
      for (let i = 0; i < lent.length; i++) lend(lent[i]);
      for (const { of, output } of givenGradients) of().core.grad = result(output, typeOf(output));
      const { results } = traced;
      if (tree.tag === 'tensor') return result(results[0], resultTypes[0]);
      if (tree.tag === 'static') return tree.value;
      return unflatten(
        tree,
        results.map((o, k) => result(o, resultTypes[k])),
      );
    },
    rehearse(tensors, body) {
      if (tensors !== null) fill(tensors);
      for (const { of } of lent) if (of.core.grad !== null) keepElements(of.core.grad.core.cell);
      const before = written.map(({ home }) => copyOf(home.array));
      try {
        return body();
      } finally {
        written.forEach(({ home }, i) => home.array.set(before[i]));
      }
    },
  };
}

/** Arguments that are still lazy are computed together. */
function realizeLazy(tensors: readonly Tensor[]): void {
  let lazy = false;
  for (let i = 0; i < tensors.length; i++) lazy ||= !isBuffer(tensors[i].core.cell.value);
  if (lazy) realizeNodes(tensors.map(nodeOfTensor).filter((n) => bufferOf(n) === undefined));
}

function elementsOfCell(cell: Cell): TypedArray {
  const { value } = cell;
  if (!isBuffer(value) && bufferOf(value) === undefined) realizeNodes([value]);
  return bufferOfCell(cell)!.array;
}

/** The cell of a `.grad` that a program changes in place. */
function cellOfGradient(x: Tensor): Cell {
  const { cell, path } = x.core.grad!.core;
  if (path !== null)
    throw new TraceError(
      'a gradient that is a view of another tensor cannot be added to inside a compiled function: clone() it first.',
    );
  return cell;
}

/** A gradient that grows while the function runs would have to grow under its other name, too. */
function refuseOtherWays(gradient: Cell, tensors: readonly Tensor[], living: readonly Resident[]): void {
  if (
    tensors.some((x) => x.core.cell === gradient) ||
    living.some((r) => !r.isGradient && r.cell() === gradient)
  )
    throw new TraceError(
      'a compiled function adds to a gradient that it also reaches as an argument or from outside: pass a clone() of the gradient, or read ' +
        'x.grad inside the function.',
    );
}

/** Where a feed writes: its input, or a place that nobody reads if its value is not used. */
function arrayOfFeed(feed: Feed, { sources }: Traced, { inputs }: Executable): TypedArray {
  const at = sources.findIndex((s) => s.tag === 'feed' && s.feed === feed);
  if (at >= 0) return inputs[at];
  return feed.node === null
    ? allocate('uint8', 0)
    : allocate(feed.node.type.dtype, numel(feed.node.type.shape));
}

/** An argument that the function changed in place. */
function writeArgument(x: Tensor, buffer: Buffer, writes: number): void {
  const { cell, path } = x.core;
  if (path === null) writeCell(cell, buffer);
  else {
    writeTensor(x, leafOf(buffer), 0);
    remind(cell);
  }
  cell.version += writes - 1;
}

/** All are found before any is changed. */
function assignGradients(assigned: Traced['assignedGradients']): void {
  const values = assigned.map(({ value }) => value());
  assigned.forEach(({ of }, i) => {
    const value = values[i];
    const { core } = of();
    if (core.grad !== null && core.grad !== value) forget(core.grad.core.cell);
    if (value !== null) keepElements(value.core.cell);
    core.grad = value;
  });
}

/** The new gradient becomes the `.grad`; a new tensor, unless nobody has seen the one from last time. */
function lend(entry: Lent): void {
  const { core } = entry.of;
  const { grad } = core;
  if (grad !== null) {
    if (grad === entry.handle && grad.core.cell.value === entry.buffer) return;
    forget(grad.core.cell);
  }
  core.grad = entry.handle = new Tensor(makeCell(entry.buffer));
}

/** Opaque routines throw for values they do not take, such as a singular matrix; checked runs for our own mistakes. */
const mayFail = ({ report }: Executable, { checked = false }: TargetOptions): boolean =>
  checked || report.kernels.some(({ source }) => source.includes('routines.run'));

/** How a program is run: with a way back if it may throw, or if what it computes may turn out to be no index. */
function runnerOf(
  executable: Executable,
  { demandsAfter }: Traced,
  options: TargetOptions,
  written: readonly Resident[],
  lent: readonly Lent[],
): () => void {
  const { run, outputs } = executable;
  if (demandsAfter.length > 0) {
    const ask = asking(
      demandsAfter.map((d) => d.demand),
      demandsAfter.map((d) => outputs[d.output]),
    );
    const runAndAsk = (): void => {
      run();
      ask();
    };
    return () => runOrRestore(runAndAsk, written, lent);
  }
  return mayFail(executable, options) ? () => runOrRestore(run, written, lent) : run;
}

/** Runs a program that may throw half way: then state is as it was before. */
function runOrRestore(run: () => void, written: readonly Resident[], lent: readonly Lent[]): void {
  for (const { of } of lent) if (of.core.grad !== null) keepElements(of.core.grad.core.cell);
  const before = written.map(({ home }) => copyOf(home.array));
  try {
    run();
  } catch (error) {
    written.forEach(({ home }, i) => home.array.set(before[i]));
    throw error;
  }
}
