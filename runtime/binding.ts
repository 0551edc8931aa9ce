// Binding: one traced graph with its executable. In: the tensors of a call. Out: the program has run on them; results are fresh tensors,
// state and gradients have been written back. Nothing is looked up here that could be known before.

import { numel } from '../compiler/shape.ts';
import { allocateHome } from './arena.ts';
import { allocate } from './buffer.ts';
import type { TypedArray } from './buffer.ts';
import { beforeOverwrite, bufferOf, bufferOfCell, isBuffer, leafOf, makeBuffer, makeCell } from './cell.ts';
import type { Buffer, Cell } from './cell.ts';
import type { Executable, ExecutableOptions } from './executable.ts';
import { unflatten } from './pytree.ts';
import { elementsOf } from './read.ts';
import { realizeNodes } from './realize.ts';
import { Tensor, nodeOfTensor } from './tensor.ts';
import { prepareWith } from './target.ts';
import type { TargetOptions } from './target.ts';
import type { Source, Target, Traced } from './traced.ts';
import type { Feed } from './trace.ts';
import { writeTensor } from './views.ts';

export interface Binding {
  readonly executable: Executable;
  /** Runs on the tensors of a call. */
  call(tensors: readonly Tensor[]): unknown;
  /** Fills the inputs as a call would, without running; for profiles. */
  fill(tensors: readonly Tensor[]): void;
  /** Arrays of the state that a run changes. */
  readonly written: readonly TypedArray[];
}

/** The place of a cell that programs use; made on demand. */
function homeOf(cell: Cell): Buffer {
  if (cell.home === null) {
    const owner = {};
    const { dtype, shape } = cell.type;
    const array = allocateHome(dtype, numel(shape), owner);
    cell.home = Object.assign(makeBuffer(cell.type, array), { owner });
  }
  return cell.home;
}

/** Makes the home of a cell hold its value. */
function moveHome(cell: Cell): void {
  const home = cell.home!;
  if (cell.value === home) return;
  let buffer = bufferOfCell(cell);
  if (buffer === null) {
    realizeNodes([cell.value as never]);
    buffer = bufferOfCell(cell)!;
  }
  if (buffer === home) return;
  beforeOverwrite(home);
  home.array.set(buffer.array);
  cell.value = home;
}

/** Makes a traced function ready to be called. */
export function bind(traced: Traced, options: TargetOptions): Binding {
  const { sources, targets, feeds, assignedGrads, result } = traced;
  const places = new Map<Cell, number>();
  sources.forEach((s, i) => {
    if (s.tag === 'state') places.set(s.cell, i);
  });
  const homes: ExecutableOptions['homes'] = sources.map((s) =>
    s.tag === 'state' ? homeOf(s.cell).array : s.tag === 'constant' ? s.buffer.array : null,
  );
  const writeBack = targets.map((t) => (t.tag === 'state' ? places.get(t.cell)! : null));
  const executable = prepareWith(traced.graph, { ...options, homes, writeBack });

  const stateCells = [...places.keys()];
  const writtenCells = targets.flatMap((t) => (t.tag === 'state' ? [t.cell] : []));
  const feedArrays = feedArraysOf(feeds, sources, executable);
  const readers = sources.map((s, i) => readerOf(s, executable.inputs[i])).filter((r) => r !== null);
  const results = targets.filter((t) => t.tag === 'result').length;

  const fill = (tensors: readonly Tensor[]): void => {
    realizeAll(tensors);
    for (const cell of stateCells) moveHome(cell);
    for (const read of readers) read(tensors);
    feeds.forEach((feed, i) => feed.fill(feedArrays[i]));
  };
  return {
    executable,
    written: writtenCells.map((cell) => cell.home!.array),
    fill,
    call(tensors) {
      fill(tensors);
      for (const cell of writtenCells) beforeOverwrite(cell.home!);
      executable.run();
      for (const cell of writtenCells) cell.version++;
      const values = new Array<Tensor>(results);
      targets.forEach((target, o) =>
        deliver(target, executable.outputs[o], traced.graph.outputs[o].type, tensors, values),
      );
      for (const { of, value } of assignedGrads) of().core.grad = value;
      return unflatten(result, values);
    },
  };
}

/** Arguments that are still lazy are computed together. */
function realizeAll(tensors: readonly Tensor[]): void {
  const lazy = tensors.filter(({ core }) => !(core.path === null && isBuffer(core.cell.value)));
  if (lazy.length === 0) return;
  realizeNodes(lazy.map(nodeOfTensor).filter((n) => bufferOf(n) === undefined));
}

/** What copies a source into its input before a run; null for what lies there already. */
function readerOf(source: Source, into: TypedArray): ((tensors: readonly Tensor[]) => void) | null {
  switch (source.tag) {
    case 'argument':
      return (tensors) => into.set(elementsOf(tensors[source.index]));
    case 'gradient':
      return () => into.set(elementsOf(source.of().core.grad!));
    default:
      return null;
  }
}

/** Where each feed writes: its input, or a place that nobody reads if its value is not used. */
function feedArraysOf(
  feeds: readonly Feed[],
  sources: readonly Source[],
  { inputs }: Executable,
): TypedArray[] {
  return feeds.map((feed) => {
    const at = sources.findIndex((s) => s.tag === 'feed' && s.feed === feed);
    if (at >= 0) return inputs[at];
    return feed.node === null
      ? allocate('uint8', 0)
      : allocate(feed.node.type.dtype, numel(feed.node.type.shape));
  });
}

/** Brings an output to its target, as a copy. */
function deliver(
  target: Target,
  array: TypedArray,
  type: Tensor['core']['type'],
  tensors: readonly Tensor[],
  results: Tensor[],
): void {
  if (target.tag === 'state') return;
  const buffer = makeBuffer(type, array.slice());
  switch (target.tag) {
    case 'result':
      results[target.index] = new Tensor(makeCell(buffer));
      return;
    case 'argument':
      return writeTensor(tensors[target.index], leafOf(buffer), 0);
    case 'gradient':
      return writeTensor(target.of().core.grad!, leafOf(buffer), 0);
    case 'newGradient':
      target.of().core.grad = new Tensor(makeCell(buffer));
  }
}
