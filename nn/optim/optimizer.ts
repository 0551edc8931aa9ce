// What all optimizers share: groups of parameters with options, state per parameter, the loop of a step. In: parameters with gradients. Out:
// the parameters changed in place.
//
// A step must also work inside a compiled function, of which only generated code runs later. Therefore all state is made in the
// constructor, steps are counted in tensors, options are read through `Live` (numbers.ts), and nothing asks for a value. One counter
// serves a whole group; a parameter without a gradient counts the steps that it missed, because PyTorch counts per parameter.

import {
  atCaller,
  Tensor,
  ValueError,
  enableGrad,
  fullLike,
  guarded,
  isCompiling,
  noGrad,
  onOneLine,
  realize,
  tensor,
} from '../../runtime/public.ts';
import { clearGrads } from '../clip.ts';
import { bool, float } from '../python.ts';
import { liveOptions } from './live.ts';
import type { Live } from './live.ts';

/** Options that every optimizer has. */
export interface CommonOptions {
  lr: number;
  /** Climb instead of descending. */
  maximize?: boolean;
}

/** Parameters with the options that hold for them; changing an option takes effect at the next step. */
export type ParamGroup<O> = O & { readonly params: readonly Tensor[] };
/** Parameters, or groups of them with options of their own. */
export type ParamsOf<O> =
  Iterable<Tensor> | Iterable<Partial<O> & { readonly params: Tensor | Iterable<Tensor> }>;

/** What an optimizer remembers about a parameter. */
export type ParamState = Readonly<Record<string, Tensor>>;

/** First values: a number for each element, or one number for the whole parameter, of float32 as PyTorch keeps it. */
export type FirstState = Readonly<Record<string, number | { readonly scalar: number }>>;

/** All of it as plain data. */
export interface OptimizerState {
  readonly state: Readonly<Record<number, Readonly<Record<string, Tensor>>>>;
  readonly paramGroups: readonly (Readonly<Record<string, unknown>> & {
    readonly params: readonly number[];
  })[];
}

/** The steps of a group, and how many each of its parameters missed. */
interface Counter {
  readonly steps: Tensor;
  readonly missed: ReadonlyMap<Tensor, Tensor>;
  /** Parameters that may have missed a step. */
  readonly late: Set<Tensor>;
}

let count = 0;
const scalar = (value: number): Tensor => tensor(value, { dtype: 'float64' });

/** `O`: the options of a group; `R`: the numbers that one step computes for all parameters of a group. */
export abstract class Optimizer<O extends CommonOptions = CommonOptions, R = unknown> {
  readonly defaults: O;
  readonly paramGroups: ParamGroup<O>[] = [];
  readonly state = new Map<Tensor, ParamState>();
  readonly #serial = count++;
  readonly #counters: Counter[] = [];
  readonly #live: Live<O>[] = [];

  protected constructor(params: ParamsOf<O>, defaults: O) {
    this.defaults = defaults;
    this.check(defaults);
    if (
      params instanceof Tensor ||
      typeof params !== 'object' ||
      params === null ||
      !(Symbol.iterator in params)
    )
      throw atCaller(
        new ValueError(
          `params argument given to the optimizer should be an iterable of Tensors or dicts, but got ${params instanceof Tensor ? 'torch.Tensor' : typeof params}`,
        ),
      );
    const list = [...params];
    if (list.length === 0) throw atCaller(new ValueError('optimizer got an empty parameter list'));
    if (list.some((p) => !(p instanceof Tensor) && typeof p === 'object' && 'params' in p))
      for (const group of list) this.addParamGroup(group as Partial<O> & { params: Iterable<Tensor> });
    else this.addParamGroup({ params: list } as unknown as Partial<O> & { params: Iterable<Tensor> });
  }

  /** Throws for options that make no sense. */
  protected abstract check(options: O): void;
  /** The names of the tensors that are kept for each parameter, with their first value. */
  protected abstract initialState(options: O): FirstState;
  /** True if the formulas depend on how many steps were made. */
  protected countsSteps(_options: Live<O>): boolean {
    return true;
  }
  /** The numbers of one step; `step` counts from 1. */
  protected abstract rates(options: Live<O>, step: Tensor): R;
  /** Changes one parameter and its state in place. */
  protected abstract update(p: Tensor, grad: Tensor, state: ParamState, rates: R, options: Live<O>): void;

  /** Takes in more parameters, with options of their own. */
  addParamGroup(given: Partial<O> & { readonly params: Tensor | Iterable<Tensor> }): void {
    const params = given.params instanceof Tensor ? [given.params] : [...given.params];
    for (const p of params) {
      if (!(p instanceof Tensor))
        throw atCaller(
          new ValueError(`optimizer can only optimize Tensors, but one of the params is ${typeof p}`),
        );
      if (!p.isLeaf && !p.retainsGrad) throw atCaller(new ValueError("can't optimize a non-leaf Tensor"));
    }
    if (new Set(params).size < params.length || params.some((p) => this.state.has(p)))
      throw atCaller(new ValueError('some parameters appear in more than one parameter group'));
    for (const key of Object.keys(given))
      if (key !== 'params' && !(key in this.defaults))
        throw atCaller(new ValueError(`parameter group got an unexpected option '${key}'`));
    const group = { ...this.defaults, ...given, params } as unknown as ParamGroup<O>;
    this.check(group);
    const first = Object.entries(this.initialState(group));
    const make = (p: Tensor, value: FirstState[string]): Tensor =>
      typeof value === 'number' ? fullLike(p, value) : tensor(value.scalar, { dtype: 'float32' });
    for (const p of params)
      this.state.set(p, Object.fromEntries(first.map(([name, value]) => [name, make(p, value)])));
    const missed = new Map(params.map((p) => [p, scalar(0)]));
    this.#counters.push({ steps: scalar(0), missed, late: new Set() });
    this.#live.push(
      liveOptions<O>(group, `${this.constructor.name} ${this.#serial}, group ${this.paramGroups.length}`),
    );
    this.paramGroups.push(group);
  }

  /** Drops the gradients of all parameters, or sets them to zero. */
  zeroGrad({ setToNone = true } = {}): void {
    for (const { params } of this.paramGroups) clearGrads(params, setToNone);
  }

  /** Changes all parameters that have a gradient. `closure`, if given, computes the loss first. */
  step(closure?: () => Tensor): Tensor | null {
    const loss = closure ? enableGrad(closure) : null;
    onOneLine(() => {
      noGrad(() => this.paramGroups.forEach((group, i) => this.#stepGroup(group, i)));
      if (!isCompiling()) realize(...this.#tensors());
    });
    return loss;
  }

  #stepGroup({ params }: ParamGroup<O>, index: number): void {
    const options = this.#live[index].fresh();
    const { steps, missed, late } = this.#counters[index];
    const counts = this.countsSteps(options);
    if (counts) steps.add_(1);
    const common = this.rates(options, steps);
    params.forEach((p, k) => {
      const { grad } = p;
      if (grad === null) {
        if (counts) missed.get(p)!.add_(1);
        late.add(p);
        return;
      }
      const isLate =
        counts && guarded(`missed steps of parameter ${k} of ${options.name}`, () => late.has(p));
      const rates = isLate ? this.rates(options, steps.sub(missed.get(p)!)) : common;
      this.update(p, options.has('maximize') ? grad.neg() : grad, this.state.get(p)!, rates, options);
    });
  }

  #tensors(): Tensor[] {
    const counters = this.#counters.flatMap(({ steps, missed }) => [steps, ...missed.values()]);
    return [
      ...this.paramGroups.flatMap((g) => g.params),
      ...[...this.state.values()].flatMap((s) => Object.values(s)),
      ...counters,
    ];
  }

  /** Options and state as plain data, parameters by number. */
  stateDict(): OptimizerState {
    const all = this.paramGroups.flatMap((g) => g.params);
    const state: Record<number, Record<string, Tensor>> = {};
    this.paramGroups.forEach(({ params }, g) => {
      const { steps, missed } = this.#counters[g];
      for (const p of params)
        state[all.indexOf(p)] = { step: noGrad(() => steps.sub(missed.get(p)!)), ...this.state.get(p) };
    });
    const paramGroups = this.paramGroups.map(({ params, ...options }) => ({
      ...(options as Record<string, unknown>),
      params: params.map((p) => all.indexOf(p)),
    }));
    return { state, paramGroups };
  }

  /** Takes over what `stateDict` gave. */
  loadStateDict({ state, paramGroups }: OptimizerState): void {
    if (paramGroups.length !== this.paramGroups.length)
      throw atCaller(new ValueError('loaded state dict has a different number of parameter groups'));
    if (paramGroups.some(({ params }, i) => params.length !== this.paramGroups[i].params.length))
      throw atCaller(
        new ValueError(
          "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
        ),
      );
    noGrad(() =>
      paramGroups.forEach(({ params: numbers, ...options }, g) => {
        const group = this.paramGroups[g];
        Object.assign(group, options);
        const { steps, missed, late } = this.#counters[g];
        const made = numbers.map((n) => Number(state[n]?.step?.item() ?? 0));
        steps.fill_(Math.max(0, ...made));
        group.params.forEach((p, k) => {
          missed.get(p)!.fill_(Math.max(0, ...made) - made[k]);
          late.add(p);
          for (const [name, value] of Object.entries(this.state.get(p)!)) {
            const saved = state[numbers[k]]?.[name];
            if (saved) value.copy_(saved);
          }
        });
      }),
    );
  }

  /** PyTorch's text. */
  toString(): string {
    const show = (value: unknown): string => {
      if (typeof value === 'boolean') return bool(value);
      if (typeof value === 'number') return Number.isInteger(value) ? String(value) : float(value);
      return Array.isArray(value) ? `(${value.map(show).join(', ')})` : String(value ?? 'None');
    };
    const groups = this.paramGroups.map((group, i) => {
      const options = Object.entries(group).filter(([name]) => name !== 'params');
      const lines = options
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `    ${name}: ${show(value)}\n`);
      return `Parameter Group ${i}\n${lines.join('')}`;
    });
    return `${this.constructor.name} (\n${groups.join('\n')})`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** The gradient with weight decay as an L2 penalty: grad + weightDecay * p. */
export const decayed = <O extends { readonly weightDecay: number }>(
  p: Tensor,
  grad: Tensor,
  options: Live<O>,
): Tensor => (options.has('weightDecay') ? grad.add(p.mul(options.number('weightDecay'))) : grad);

/** Throws in PyTorch's words unless a number is at least 0. */
export function checkNotNegative(name: string, value: number): void {
  if (!(value >= 0)) throw atCaller(new ValueError(`Invalid ${name}: ${value}`));
}
