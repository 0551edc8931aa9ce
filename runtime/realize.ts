// Realising: computing what is asked for. In: nodes. Out: their buffers, remembered on the nodes, so that later graphs are cut there.
// The graph is keyed by structure and its program is kept, so that the same computation on other data only runs.
//
// Together with what is asked for goes what will be asked for next, or else would be computed twice: tensors that were written in place,
// gradients that were added to `.grad`, and losses. They are reminded of until something is read.

import { castNumber } from '../compiler/scalar.ts';
import { makeGraph } from '../compiler/graph.ts';
import { withInputs } from '../compiler/node.ts';
import type { Node } from '../compiler/node.ts';
import { input } from '../ops/source.ts';
import { spread } from '../ops/view.ts';
import { insideBatch } from './batching.ts';
import { bufferOf, bufferOfCell, isBuffer, makeBuffer, remember } from './cell.ts';
import type { Cell } from './cell.ts';
import { now } from './environment.ts';
import { debugging, say, sayProgram } from './debug.ts';
import { prepare } from './executable.ts';
import type { Executable } from './executable.ts';
import { keyEpoch, keyGraph } from './key.ts';
import type { KeyedGraph } from './key.ts';
import { announce, makeProgram } from './inspect/program.ts';
import { limits } from './limits.ts';
import { internally } from './origin.ts';
import { resultOf } from './pool.ts';
import { measure } from './profile.ts';
import { activeTrace } from './trace.ts';

/** Cells to be computed with whatever is read next. */
const reminded = new Set<Cell>();

export function remind(cell: Cell): void {
  if (activeTrace() === null) reminded.add(cell);
}
export const forget = (cell: Cell): void => void reminded.delete(cell);

/** Computes nodes that have not been, and what there is a reminder of. */
export function realizeNodes(nodes: readonly Node[]): void {
  const asked = nodes.filter((n) => bufferOf(n) === undefined);
  const others: Node[] = [];
  for (const cell of reminded) if (!isBuffer(cell.value)) others.push(cell.value);
  const cells = [...reminded];
  reminded.clear();
  const all = [...new Set([...asked, ...others.filter((n) => bufferOf(n) === undefined)])];
  if (all.length === 0) return;
  try {
    internally(() => evaluate(all));
  } catch (error) {
    // what was only reminded of must not spoil what was asked for
    if (all.length === asked.length) throw error;
    internally(() => evaluate(asked));
  }
  for (const cell of cells) bufferOfCell(cell);
}

/** Computes the value of a cell if its chain of operations has become too long. */
export function limitDepth(cell: Cell, limit: number = limits.chain): void {
  if (cell.depth <= limit || activeTrace() !== null || insideBatch() || isBuffer(cell.value)) return;
  realizeNodes([cell.value]);
  bufferOfCell(cell);
}

/** A program for a structure, with the constants that it was made for; null where a constant is an input. */
interface Cached {
  readonly executable: Executable;
  readonly fixed: readonly (number | null)[];
}

const programs = new Map<string, Cached>();
let epoch = 0;

/** Runs the program of a graph, making it if there is none, and remembers the results. */
function evaluate(outputs: readonly Node[]): void {
  const constants = outputs.filter((n) => fillConstant(n));
  const rest = constants.length === 0 ? outputs : outputs.filter((n) => !constants.includes(n));
  if (rest.length === 0) return;
  const keyed = keyGraph(rest);
  const { executable, fixed } = programFor(keyed, rest);
  keyed.leaves.forEach(({ buffer }, i) => executable.inputs[i].set(buffer.array));
  let at = keyed.leaves.length;
  fixed.forEach((value, i) => {
    if (value === null) executable.inputs[at++][0] = keyed.constants[i].value;
  });
  executable.run();
  rest.forEach((n, o) => remember(n, makeBuffer(n.type, resultOf(executable.outputs[o]))));
}

/** A constant needs no program. */
function fillConstant(n: Node): boolean {
  if (n.inputs.length > 0) return false;
  const meaning = n.op.meaning(n);
  if (meaning.tag !== 'constant') return false;
  const buffer = makeBuffer(n.type);
  if (meaning.value !== 0) buffer.array.fill(castNumber(n.type.dtype, meaning.value));
  remember(n, buffer);
  return true;
}

function programFor(keyed: KeyedGraph, outputs: readonly Node[]): Cached {
  if (epoch !== keyEpoch()) {
    programs.clear();
    epoch = keyEpoch();
  }
  const { key, constants } = keyed;
  const known = programs.get(key);
  if (known) {
    programs.delete(key);
    if (known.fixed.every((value, i) => value === null || Object.is(value, constants[i].value))) {
      programs.set(key, known);
      return known;
    }
  }
  // a constant that differs from last time will differ again: it becomes an input
  const fixed = constants.map(({ value }, i) => (known && !Object.is(known.fixed[i], value) ? null : value));
  const start = now();
  const cached = { executable: build(keyed, outputs, fixed), fixed };
  sayProgram(cached.executable.report);
  const { executable } = cached;
  announce(() => {
    const called = (): boolean => true; // it is about to be
    const program = makeProgram(executable.report, (_, runs) => measure(executable, runs), called);
    return { program, compiled: false, called };
  });
  if (debugging('time'))
    say('time', `${keyed.nodes.length} nodes prepared in ${(now() - start).toFixed(2)} ms`);
  programs.set(key, cached);
  if (programs.size > limits.cachedPrograms) programs.delete(programs.keys().next().value!);
  return cached;
}

let serial = 0;

/** The graph over fresh inputs, made ready to run. */
function build(
  { nodes, leaves, constants }: KeyedGraph,
  outputs: readonly Node[],
  fixed: readonly (number | null)[],
): Executable {
  const copies = new Map<Node, Node>();
  const inputs = leaves.map(({ node }) => {
    const place = input(node.type);
    copies.set(node, place);
    return place;
  });
  constants.forEach(({ node }, i) => {
    if (fixed[i] !== null) return;
    const place = input({ shape: [], dtype: node.type.dtype });
    inputs.push(place);
    copies.set(node, spread(place, node.type.shape));
  });
  for (const n of nodes) {
    if (copies.has(n)) continue;
    const given = n.inputs.map((i) => copies.get(i)!);
    copies.set(n, given.some((x, i) => x !== n.inputs[i]) ? withInputs(n, given) : n);
  }
  return prepare(
    makeGraph(
      inputs,
      outputs.map((o) => copies.get(o)!),
    ),
    { name: `eager${serial++}`, homes: inputs.map(() => null), writeBack: outputs.map(() => null) },
  );
}
