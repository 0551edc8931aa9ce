// Modules as functions of their parameters, as the transforms (grad, vmap, jacrev) want them. In: a module, and tensors by the names of its
// parameters and buffers. Out: what the module computes with these in their place; and, for ensembles, the tensors of several modules
// stacked, by the same names.

import { atCaller, Tensor, ValueError, stack } from '../runtime/public.ts';
import { Module } from './module.ts';
import { keyIn } from './state.ts';
import type { StateDict } from './state.ts';

/** Tensors by name, all together or in parts: `[parameters, buffers]`. */
type State = Readonly<StateDict> | readonly Readonly<StateDict>[];

/** All arguments as a list, or the only one by itself if it is no list. */
type ArgumentsOf<M extends Module> = Parameters<M['forward']> | Parameters<M['forward']>[0];

const refuse = (message: string): never => {
  throw atCaller(new ValueError(message));
};

/** The parameters and buffers of a module by name. */
const stateOf = (module: Module): Readonly<StateDict> =>
  Object.fromEntries([...module.namedParameters(), ...module.namedBuffers()]);

/** What each parameter or buffer is replaced by. */
function replacements(module: Module, state: State): ReadonlyMap<Tensor, Tensor> {
  if (!(module instanceof Module)) return refuse('functionalCall: the first argument must be a Module');
  if (typeof state !== 'object' || state === null)
    return refuse('functionalCall: Expected parameters and buffers by name, in one object or a list of them');
  const own = stateOf(module);
  const kind = module.constructor.name;
  const found = new Map<Tensor, Tensor>();
  for (const part of Array.isArray(state) ? (state as readonly Readonly<StateDict>[]) : [state as StateDict])
    for (const [key, value] of Object.entries(part)) {
      const target = Object.hasOwn(own, keyIn(own, key)) ? own[keyIn(own, key)] : null;
      if (target === null) return refuse(`functionalCall: ${kind} has no parameter or buffer named "${key}"`);
      if (!(value instanceof Tensor))
        return refuse(
          `functionalCall: "${key}" must be a tensor, but got ${value === null ? 'null' : typeof value}`,
        );
      if (found.has(target)) return refuse(`functionalCall: "${key}" appears in multiple dictionaries`);
      found.set(target, value);
    }
  return found;
}

/**
 * Calls a module with other tensors in the place of its parameters and buffers; those that are not given stay its own. `state` has them
 * by the names of `namedParameters` and `namedBuffers`, in one object or in several, usually in the shapes and dtypes of the module's own.
 * `args` are the arguments as a list, or the only one. A parameter that has several names is replaced under all of them; what
 * `forward` writes in place into a buffer is written into the tensor given. Returns what the module returns.
 *
 * Throws a ValueError for a name that the module does not have, or that is given twice. See torch.func.functional_call.
 *
 * @example
 * const layer = new nn.Linear(2, 1);
 * const loss = (state: nn.StateDict, x: Tensor) => functionalCall(layer, state, x).square().sum();
 * grad(loss)(layer.stateDict(), ones([2])); // { weight: tensor of [1, 2], bias: tensor of [1] }
 */
export function functionalCall<M extends Module>(
  module: M,
  state: State,
  args: ArgumentsOf<M>,
): ReturnType<M['forward']> {
  const others = replacements(module, state);
  const swapped: (() => void)[] = [];
  for (const owner of module.modules())
    for (const [field, value] of Object.entries(owner) as [string, unknown][]) {
      const other = value instanceof Tensor ? others.get(value) : undefined;
      if (other === undefined) continue;
      const fields = owner as unknown as Record<string, unknown>;
      fields[field] = other;
      swapped.push(() => (fields[field] = value));
    }
  try {
    const list = (Array.isArray(args) ? args : [args]) as unknown[];
    return (module as unknown as (...inputs: unknown[]) => ReturnType<M['forward']>)(...list);
  } finally {
    for (const restore of swapped) restore();
  }
}

/**
 * `[parameters, buffers]` of several modules of one class, each stacked along a new first dimension, by name: with `vmap` and
 * `functionalCall` an ensemble is run at once. The stacked parameters are leaves that require grad if those of the modules do.
 *
 * Throws a ValueError if there are no modules, or if they differ in class, training mode or in what requires grad. See
 * torch.func.stack_module_state.
 *
 * @example
 * const models = [new nn.Linear(2, 1), new nn.Linear(2, 1)];
 * const [parameters, buffers] = stackModuleState(models);
 * const run = (p: nn.StateDict, b: nn.StateDict, x: Tensor) => functionalCall(models[0], [p, b], x);
 * vmap(run, { inDims: [0, 0, null] })(parameters, buffers, ones([5, 2])); // [2, 5, 1]
 */
export function stackModuleState(modules: readonly Module[]): [parameters: StateDict, buffers: StateDict] {
  if (modules.length === 0) return refuse('stackModuleState: Expected at least one model, got 0.');
  const [first] = modules;
  if (modules.some((module) => module.training !== first.training))
    return refuse('stackModuleState: Expected all models to have the same training/eval mode.');
  if (modules.some((module) => module.constructor !== first.constructor))
    return refuse('stackModuleState: Expected all models to be of the same class.');
  const stacked = (named: (module: Module) => readonly (readonly [string, Tensor])[]): StateDict => {
    const states = modules.map((module) => Object.fromEntries(named(module)) as StateDict);
    return Object.fromEntries(
      Object.keys(states[0]).map((name) => [
        name,
        stackedLeaf(
          name,
          states.map((state) => state[name]),
        ),
      ]),
    );
  };
  return [stacked((module) => module.namedParameters()), stacked((module) => module.namedBuffers())];
}

/** Tensors of the same name as one, cut off from theirs. */
function stackedLeaf(name: string, tensors: readonly Tensor[]): Tensor {
  const { requiresGrad } = tensors[0];
  if (tensors.some((x) => x.requiresGrad !== requiresGrad))
    return refuse(`Expected ${name} from each model to have the same .requiresGrad`);
  const whole = stack(tensors.map((x) => x.detach()));
  return requiresGrad ? whole.requiresGrad_() : whole;
}
