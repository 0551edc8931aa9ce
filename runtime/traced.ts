// From a function to a graph: one run of it on stand-ins. In: a function and the arguments of a call. Out: what it computes as a graph, and
// for each input and output of the graph where it comes from and where it goes. The outside is left as it was.
//
// Arguments are stood in for, so that the program is good for others. That fails if the function also reaches one of them from outside and
// changes it on one of the two ways: then the trace is given up, and the next takes that tensor as it is, as part of the outside.

import { TraceError } from '../compiler/errors.ts';
import { copyHooks } from './autograd/hooks.ts';
import { nodeOfTensor } from './core.ts';
import { changes, harvest, isWritten } from './harvest.ts';
import type { Harvest, StandIn } from './harvest.ts';
import { userCode } from './origin.ts';
import { flatten } from './pytree.ts';
import type { Tree } from './pytree.ts';
import { argumentsFrom, sameArguments, standingOf } from './signature.ts';
import type { Signature, Standing } from './signature.ts';
import { Tensor, placeholderOf } from './tensor.ts';
import { runTrace } from './trace.ts';
import type { Trace } from './trace.ts';

export interface Traced extends Harvest {
  /** The nesting of the result. */
  readonly tree: Tree;
  /** Outside tensors that were operands, and what autograd knew of them. */
  readonly standings: readonly { readonly tensor: Tensor; readonly standing: Standing }[];
}

const escaping = (what: string, name: string, way: string): TraceError =>
  new TraceError(`the compiled function '${name}' ${what}. ${way}`);

/**
 * Traces a call. `current(slot)` is the tensor in the place of `tensors[slot]` of whatever call is running later. Gives the tensors that
 * must be fixed instead if they are also reached from outside.
 */
export function traceCall(
  name: string,
  fn: (...args: unknown[]) => unknown,
  signature: Signature,
  tensors: readonly Tensor[],
  current: (slot: number) => Tensor,
): Traced | ReadonlySet<Tensor> {
  const body = (trace: Trace): Omit<Traced, 'standings'> | ReadonlySet<Tensor> => {
    const stands = standIns(signature, tensors, current);
    const args = argumentsFrom(
      signature,
      stands.map((s) => s.tensor),
    );
    let returned: unknown;
    try {
      returned = userCode(() => fn(...args));
    } catch (error) {
      const reached = alsoReached(stands, trace);
      if (reached.size > 0) return reached;
      throw error;
    }
    if (returned instanceof Promise)
      throw escaping('is asynchronous', name, 'A program runs from start to end without waiting.');
    refuseIterators(name, returned);
    if (
      !sameArguments(
        signature,
        args,
        stands.map((s) => s.tensor),
      )
    )
      throw escaping(
        'assigns to a field of an argument',
        name,
        'A program cannot do that: return the new tensor, or write it into the one that is there (x.copy_(y)).',
      );
    const { tree, tensors: results } = flatten(returned);
    const nodes = results.map(nodeOfTensor);
    const reached = alsoReached(stands, trace);
    if (reached.size > 0) return reached;
    refuseOverlaps(name, stands, trace);
    return { ...harvest(stands, nodes, trace, signature), tree };
  };
  const traced = runTrace(name, body);
  if (!('graph' in traced)) return traced;
  // only now is the outside again what it was
  return {
    ...traced,
    standings: traced.operands.map((tensor) => ({ tensor, standing: standingOf(tensor) })),
  };
}

/** What is returned must be the same kind of thing at each call; who can be walked through only once, or is filled by the function, is not. */
function refuseIterators(name: string, returned: unknown): void {
  const { tree } = flatten(returned);
  const check = (part: Tree): void => {
    if (part.tag === 'array' || part.tag === 'object') part.items.forEach(check);
    if (part.tag !== 'static' || typeof part.value !== 'object' || part.value === null) return;
    if (part.value instanceof Map || part.value instanceof Set || 'next' in part.value)
      throw escaping(
        `returns ${part.value instanceof Map ? 'a Map' : part.value instanceof Set ? 'a Set' : 'an iterator'}`,
        name,
        'Return an array or a plain object.',
      );
  };
  check(tree);
}

/** A function of its own scope, which does not keep the arguments of the first call. */
const presentOne = (current: (slot: number) => Tensor, slot: number) => (): Tensor => current(slot);

/** Leaves that know the tensor of the present call. Tensors that share a storage get stand-ins that share one. */
function standIns(
  { same, shared }: Signature,
  tensors: readonly Tensor[],
  current: (slot: number) => Tensor,
): StandIn[] {
  const stands: StandIn[] = [];
  tensors.forEach((real, slot) => {
    if (same[slot] < slot) {
      stands.push(stands[same[slot]]);
      return;
    }
    const whole = real.core.path === null && tensors[shared[slot]].core.path === null;
    const partner = whole && shared[slot] < slot ? stands[shared[slot]] : null;
    const tensor = partner === null ? placeholderOf(real.core.type) : new Tensor(partner.tensor.core.cell);
    Object.assign(tensor.core, {
      trace: null,
      wantsGrad: real.requiresGrad,
      grad: real.core.grad,
      standsFor: presentOne(current, slot),
    });
    if (real.core.wantsGrad) copyHooks(real, tensor);
    stands.push({ tensor, node: partner === null ? nodeOfTensor(tensor) : partner.node, real });
  });
  return stands;
}

/** Arguments that the function also reached from outside, and changed on one of the two ways. */
function alsoReached(stands: readonly StandIn[], trace: Trace): Set<Tensor> {
  const reached = new Set<Tensor>();
  for (const s of stands) {
    const { real, tensor } = s;
    if (real.core.path !== null) continue;
    const { cell } = real.core;
    if (!trace.cells.has(cell) && !trace.grads.has(real)) continue;
    if (isWritten(s) || changes(trace, cell) || trace.grads.has(tensor) || trace.grads.has(real))
      reached.add(real);
  }
  return reached;
}

/** Views among the arguments are copied in, so nothing else may be known of their storage if one of the two is written. */
function refuseOverlaps(name: string, stands: readonly StandIn[], trace: Trace): void {
  for (const s of stands) {
    const { path, cell } = s.real.core;
    const others = stands.filter(
      (o) => o !== s && o.real.core.cell === cell && o.tensor.core.cell !== s.tensor.core.cell,
    );
    const written = isWritten(s) || changes(trace, cell) || others.some(isWritten);
    if (written && (others.length > 0 || (path !== null && trace.cells.has(cell))))
      throw escaping(
        'writes to a tensor of which it was also given a view',
        name,
        'Pass one of the two, or a clone() of the view.',
      );
  }
}
