// Checkpoints: computing again instead of keeping. In: a function and its arguments. Out: its value, on which there is one backward function
// that keeps nothing but the arguments: backward runs the function once more, on the same random numbers, and differentiates that.
//
// Between a forward and a backward that are evaluated apart this saves the memory of everything in between. Within one compiled program
// equal computations are one computation, so there it changes nothing.

import { makeCell } from '../cell.ts';
import { nodeOfTensor } from '../core.ts';
import { recordingDraws, replayingDraws } from '../drawn.ts';
import { checkFunction } from '../options.ts';
import { publicCall, userCode } from '../origin.ts';
import { flatten, tensorsOnly, unflatten } from '../pytree.ts';
import { Tensor } from '../tensor.ts';
import { edgeNow, edgeOf } from './accumulate.ts';
import { runBackward } from './engine.ts';
import type { Root } from './engine.ts';
import { GradFn, nextSequence } from './gradFn.ts';
import type { Edge, Gradients, Rule } from './gradFn.ts';
import { edgesOutside } from './lanes.ts';
import { enableGrad, followsTangents, isGradEnabled } from './mode.ts';
import { variable } from './primals.ts';
import { attach } from './record.ts';
import { save } from './saved.ts';
import type { Fn } from './transforms.ts';

/** Calls `fn` without keeping what lies between the arguments and the value; backward computes it again. */
export function checkpoint<A extends readonly unknown[], R>(fn: Fn<A, R>, ...args: A): R {
  checkFunction('checkpoint', fn);
  if (!isGradEnabled()) return fn(...args);
  return publicCall('checkpoint', () => {
    const { tree, tensors } = flatten(args);
    const call = (given: readonly Tensor[]): R => userCode(() => fn(...(unflatten(tree, given) as A)));
    const since = nextSequence();
    const inputs = tensors.map((x) => (x.requiresGrad ? x.detach().requiresGrad_() : x));
    const { result, drawn } = recordingDraws(() => call(inputs));
    const value = tensorsOnly('checkpoint: the value', result);
    const ends = value.tensors.map(edgeNow);
    if (ends.every((edge) => edge === null)) return result;
    const own = new Set(inputs.map((x) => edgeOf(x)?.fn));
    const outside = edgesOutside(ends, since, (leaf) => own.has(leaf));
    const again = (given: readonly Tensor[]): readonly Tensor[] =>
      replayingDraws(drawn, () => tensorsOnly('checkpoint: the value', call(given)).tensors);
    const recomputed = new GradFn(
      'CheckpointFunctionBackward',
      [...tensors.map(edgeOf), ...outside],
      value.tensors.map((y) => y.core.type),
      recomputing(tensors, again, outside),
      null,
      ends.every((edge) => edge === null || edge.fn.tangentOnly),
    );
    const results = value.tensors.map((y, index) => {
      const x = new Tensor(makeCell(nodeOfTensor(y), y.core.cell.depth));
      if (ends[index] !== null) attach(x, { fn: recomputed, index });
      return x;
    });
    return unflatten(value.tree, results) as R;
  });
}

/** The backward of a checkpoint. */
function recomputing(
  args: readonly Tensor[],
  again: (given: readonly Tensor[]) => readonly Tensor[],
  outside: readonly Edge[],
): Rule {
  let kept: readonly (() => Tensor)[] | null = args.map(save);
  return {
    pull(gradients) {
      const createGraph = isGradEnabled();
      const inputs = kept!.map((unpack) => {
        const x = unpack();
        return x.requiresGrad ? enableGrad(() => variable(createGraph ? x : x.detach())) : x;
      });
      const values = enableGrad(() => again(inputs));
      return differentiated(inputs, values, gradients, outside, createGraph);
    },
    saved: () => ({}),
    needsSaved: true,
    free() {
      kept = null;
    },
  };
}

/** The gradients of the inputs, null where they need none, and of what lies outside. */
function differentiated(
  inputs: readonly Tensor[],
  values: readonly Tensor[],
  gradients: Gradients,
  outside: readonly Edge[],
  createGraph: boolean,
): Gradients {
  const roots = values.flatMap((y, i): Root[] => {
    const [edge, gradient] = [enableGrad(() => edgeNow(y)), gradients[i]];
    if (edge?.fn.tangentOnly && !followsTangents()) return [];
    return edge === null || gradient === null ? [] : [{ edge, gradient }];
  });
  const own = inputs.map(edgeOf);
  const found = runBackward(roots, {
    createGraph,
    retainGraph: createGraph,
    targets: [...own.filter((e) => e !== null), ...outside],
    capture: true,
    boundary: new Set(outside.map((e) => e.fn)),
  });
  let at = 0;
  const ofInputs = own.map((e) => (e === null ? null : found[at++]));
  return [...ofInputs, ...found.slice(at)];
}
