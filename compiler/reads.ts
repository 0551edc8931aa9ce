// How a node reads its inputs. In: a node of a simplified graph. Out: for each operand, the computed node (or source) behind it
// and the views in between. A view is never computed: it is index arithmetic of whoever reads through it.

import { InternalError } from './errors.ts';
import type { Node } from './node.ts';
import type { Meaning } from './op.ts';
import type { Shape } from './shape.ts';
import { broadcastView, type View } from './view.ts';

export interface Step {
  readonly view: View;
  readonly input: Shape;
  readonly output: Shape;
}

export interface Read {
  /** Not a view. */
  readonly source: Node;
  /** From the reader towards the source. */
  readonly steps: readonly Step[];
}

/** What follows from a node alone; found once, when it is asked for. */
interface Facts {
  readonly meaning: Meaning;
  readonly reads: (Read | undefined)[];
  producers: readonly Node[] | null;
}
const known = new WeakMap<Node, Facts>();
function factsOf(n: Node): Facts {
  let facts = known.get(n);
  if (!facts) known.set(n, (facts = { meaning: n.op.meaning(n), reads: [], producers: null }));
  return facts;
}

export const meaningOf = (n: Node): Meaning => factsOf(n).meaning;

export type ComputedTag = 'map' | 'reduce' | 'contract' | 'gather' | 'scatter' | 'routine';
const computedTags: ReadonlySet<string> = new Set<ComputedTag>([
  'map',
  'reduce',
  'contract',
  'gather',
  'scatter',
  'routine',
]);

/** True if a node needs a loop; sources and views do not. */
export const isComputed = (n: Node): boolean => computedTags.has(meaningOf(n).tag);

/** The source behind a node seen as an operand. */
export function readOf(operand: Node, first: readonly Step[] = []): Read {
  const steps = [...first];
  let n = operand;
  for (;;) {
    const m = meaningOf(n);
    if (m.tag === 'composite') throw new InternalError(`${n.op.name} was not expanded`);
    if (m.tag !== 'view') return { source: n, steps };
    steps.push({ view: m.view, input: n.inputs[0].type.shape, output: n.type.shape });
    n = n.inputs[0];
  }
}

/** The operand `k` of a node as it is read at the node's own index (maps and gathers broadcast), or whole. */
export function operandRead(n: Node, k: number): Read {
  const { reads } = factsOf(n);
  return (reads[k] ??= findRead(n, k));
}

function findRead(n: Node, k: number): Read {
  const m = meaningOf(n);
  const operand = n.inputs[k];
  const over =
    m.tag === 'map' || (m.tag === 'gather' && k > 0)
      ? n.type.shape
      : m.tag === 'scatter' && k > 1
        ? n.inputs[1].type.shape
        : operand.type.shape;
  const same = over.length === operand.type.shape.length && over.every((s, i) => s === operand.type.shape[i]);
  if (same) return readOf(operand);
  return readOf(operand, [
    { view: broadcastView(operand.type.shape, over), input: operand.type.shape, output: over },
  ]);
}

/** Computed nodes that a node reads, without repetition. */
export function producersOf(n: Node): readonly Node[] {
  const facts = factsOf(n);
  return (facts.producers ??= [
    ...new Set(n.inputs.map((i) => readOf(i).source).filter((source) => isComputed(source))),
  ]);
}

/** True if a view only orders, repeats or drops whole axes of its input. */
export function onlyRenames({ view, input, output }: Step): boolean {
  if (view.tag === 'reshape') return false;
  return view.axes.every(
    ({ offset, terms, div }, i) =>
      (input[i] === 1 && view.fill === undefined) ||
      (div === undefined &&
        offset === 0 &&
        terms.length === 1 &&
        terms[0][1] === 1 &&
        output[terms[0][0]] === input[i]),
  );
}

/** True if a node sees a value at other places than its own, whatever axes both have: shifted, cut, strided or reversed. */
export function movesElements(reader: Node, source: Node): boolean {
  return reader.inputs.some((_, k) => {
    const read = operandRead(reader, k);
    return (
      read.source === source && read.steps.some((step) => step.view.tag === 'affine' && !onlyRenames(step))
    );
  });
}
