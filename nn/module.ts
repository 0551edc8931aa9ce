// Modules: layers and models, a tree of objects that own parameters. In: subclasses with a `forward`. Out: what PyTorch's nn.Module offers:
// parameters by name, state dicts, training mode, hooks, and text.
//
// Registration is plain assignment: of a module's own fields, in the order in which they were set, each Parameter is a parameter, each
// Module a child; buffers are fields declared by `registerBuffer`.

import { atCaller, Parameter, Tensor, ValueError, guarded, noGrad } from '../runtime/public.ts';
import type { DType } from '../runtime/public.ts';
import { Callable } from './callable.ts';
import { clearGrads } from './clip.ts';
import { kindOf } from './options.ts';
import { checkFits, keyIn, loadingError } from './state.ts';
import type { LoadResult, StateDict } from './state.ts';

export type Named<T> = readonly (readonly [name: string, value: T])[];

/** May replace the inputs by what it returns. */
export type ForwardPreHook = (module: Module, inputs: readonly unknown[]) => unknown;
/** May replace the output by what it returns. */
export type ForwardHook = (module: Module, inputs: readonly unknown[], output: unknown) => unknown;

interface Recursion {
  /** Also of the modules below (true). */
  readonly recurse?: boolean;
}

let count = 0;

const joined = (prefix: string, name: string): string => (prefix === '' ? name : `${prefix}.${name}`);
const indented = (text: string): string => text.replaceAll('\n', '\n  ');

/** Adds to a list, and takes out again. */
function register<T>(list: T[], item: T): { remove(): void } {
  list.push(item);
  return {
    remove() {
      const at = list.indexOf(item);
      if (at >= 0) list.splice(at, 1);
    },
  };
}

export interface Module {
  /** Applies the module: hooks and `forward`. */
  (...inputs: Parameters<this['forward']>): ReturnType<this['forward']>;
}

/** A layer or a model: parameters, buffers and modules in its fields, and `forward`. It is called like a function. */
export abstract class Module extends Callable {
  readonly #serial = count++;
  /** Names of buffers, and whether they belong to the state. */
  readonly #buffers = new Map<string, boolean>();
  readonly #preHooks: ForwardPreHook[] = [];
  readonly #hooks: ForwardHook[] = [];
  #training = true;

  /** What the module computes. Call the module itself instead, so that hooks run. */
  abstract forward(...inputs: never[]): unknown;

  protected invoke(inputs: unknown[]): unknown {
    let given = inputs;
    for (const hook of this.#preHooks) {
      const changed = hook(this, given);
      if (changed !== undefined) given = Array.isArray(changed) ? changed : [changed];
    }
    let output = this.forward(...(given as never[]));
    for (const hook of this.#hooks) output = hook(this, given, output) ?? output;
    return output;
  }

  /** True for training, false for evaluation: dropout and normalisation differ. */
  get training(): boolean {
    return guarded(`training of ${this.constructor.name} ${this.#serial}`, () => this.#training);
  }
  set training(mode: boolean) {
    this.#training = mode;
  }
  /** Sets training mode here and below. */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode;
    return this;
  }
  /** Sets evaluation mode here and below. */
  eval(): this {
    return this.train(false);
  }

  /** Makes a field of a tensor that belongs to the module but is not trained; `persistent` ones are part of the state. */
  registerBuffer<T extends Tensor | null>(name: string, value: T, { persistent = true } = {}): T {
    this.#checkName('buffer', name);
    this.#buffers.set(name, persistent);
    return this.#setField(name, value);
  }
  /** Makes a field of a parameter. */
  registerParameter<T extends Parameter | null>(name: string, value: T): T {
    this.#checkName('parameter', name);
    return this.#setField(name, value);
  }
  /** Makes a field of a module. */
  addModule<T extends Module | null>(name: string, value: T): T {
    this.#checkName('module', name);
    if (value !== null && !((value as unknown) instanceof Module))
      throw atCaller(new ValueError(`${typeof value} is not a Module subclass`));
    return this.#setField(name, value);
  }
  #checkName(kind: string, name: string): void {
    if (name === '') throw atCaller(new ValueError(`${kind} name can't be empty string ""`));
    if (name.includes('.')) throw atCaller(new ValueError(`${kind} name can't contain "."`));
    if (name in this && (this as Record<string, unknown>)[name] != null && !this.#buffers.has(name))
      throw atCaller(new ValueError(`attribute '${name}' already exists`));
  }
  #setField<T>(name: string, value: T): T {
    Object.defineProperty(this, name, { value, enumerable: true, configurable: true, writable: true });
    return value;
  }

  #own<T>(isWanted: (value: unknown, name: string) => boolean): Named<T> {
    return Object.entries(this).filter(([name, value]) => isWanted(value, name)) as unknown as Named<T>;
  }
  namedChildren(): Named<Module> {
    return this.#own((value) => value instanceof Module);
  }
  children(): readonly Module[] {
    return this.namedChildren().map(([, module]) => module);
  }
  /** This module and all below it, each once. */
  namedModules(prefix = '', seen = new Set<Module>()): Named<Module> {
    if (seen.has(this)) return [];
    seen.add(this);
    return [
      [prefix, this],
      ...this.namedChildren().flatMap(([name, module]) => module.namedModules(joined(prefix, name), seen)),
    ];
  }
  modules(): readonly Module[] {
    return this.namedModules().map(([, module]) => module);
  }

  #ownParameters(): Named<Parameter> {
    return this.#own((value) => value instanceof Parameter);
  }
  #ownBuffers(): Named<Tensor> {
    return this.#own((value, name) => value instanceof Tensor && this.#buffers.has(name));
  }
  /** What `own` gives for this module and those below; a tensor with several names under its first. */
  #collect<T>(own: (module: Module) => Named<T>, { recurse = true }: Recursion): Named<T> {
    const modules: Named<Module> = recurse ? this.namedModules() : [['', this]];
    const seen = new Set<T>();
    return modules
      .flatMap(([prefix, module]) =>
        own(module).map(([name, value]) => [joined(prefix, name), value] as const),
      )
      .filter(([, value]) => !seen.has(value) && seen.add(value));
  }
  namedParameters(options: Recursion = {}): Named<Parameter> {
    return this.#collect((module) => module.#ownParameters(), options);
  }
  /** The tensors to be trained. */
  parameters(options: Recursion = {}): readonly Parameter[] {
    return this.namedParameters(options).map(([, parameter]) => parameter);
  }
  namedBuffers(options: Recursion = {}): Named<Tensor> {
    return this.#collect((module) => module.#ownBuffers(), options);
  }
  buffers(options: Recursion = {}): readonly Tensor[] {
    return this.namedBuffers(options).map(([, buffer]) => buffer);
  }

  /** All parameters and persistent buffers by name. They share memory with the module. */
  stateDict(prefix = ''): StateDict {
    const state: StateDict = {};
    for (const [name, value] of this.#stateFields()) state[joined(prefix, name)] = value.detach();
    for (const [name, module] of this.namedChildren())
      Object.assign(state, module.stateDict(joined(prefix, name)));
    return state;
  }
  #stateFields(): Named<Tensor> {
    return [...this.#ownParameters(), ...this.#ownBuffers().filter(([name]) => this.#buffers.get(name))];
  }

  /**
   * Copies values into parameters and buffers. PyTorch's own names (`running_mean`) are understood as well. `strict`: names must
   * match exactly.
   */
  loadStateDict(state: Readonly<StateDict>, { strict = true } = {}): LoadResult {
    if (typeof state !== 'object' || state === null)
      throw atCaller(new ValueError(`Expected state_dict to be dict-like, got ${kindOf(state)}`));
    const targets = this.stateDict();
    const given = new Map(Object.entries(state).map(([key, value]) => [keyIn(targets, key), { key, value }]));
    const missingKeys = Object.keys(targets).filter((key) => !given.has(key));
    const unexpectedKeys = [...given].filter(([key]) => !(key in targets)).map(([, { key }]) => key);
    const fitting = [...given].filter(([key]) => key in targets);
    const misfits = fitting.flatMap(([key, { value }]) => checkFits(key, value, targets[key]) ?? []);
    const problem = loadingError(
      this.constructor.name,
      strict ? { missingKeys, unexpectedKeys } : null,
      misfits,
    );
    if (problem !== null) throw atCaller(new ValueError(problem));
    noGrad(() => fitting.forEach(([key, { value }]) => targets[key].copy_(value)));
    return { missingKeys, unexpectedKeys };
  }

  /** Calls a function with every module, children first. */
  apply(visit: (module: Module) => void): this {
    for (const module of this.children()) module.apply(visit);
    visit(this);
    return this;
  }
  /** Says whether the parameters are to be trained. */
  requiresGrad_(flag = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = flag;
    return this;
  }
  /** Drops the gradients of all parameters, or sets them to zero. */
  zeroGrad({ setToNone = true } = {}): void {
    clearGrads(this.parameters(), setToNone);
  }

  /**
   * Changes the dtype of floating point parameters and buffers. The parameters are new tensors: make optimizers and compiled functions
   * afterwards.
   */
  to(dtype: DType): this {
    if (dtype !== 'float32' && dtype !== 'float64')
      throw atCaller(
        new ValueError(`nn.Module.to only accepts floating point dtypes, but got desired dtype=${dtype}`),
      );
    const converted = new Map<Tensor, Tensor>();
    const convert = (x: Tensor): Tensor => {
      const value = x.detach().to(dtype);
      return x instanceof Parameter ? new Parameter(value, x.requiresGrad) : value;
    };
    for (const module of this.modules())
      for (const [name, x] of [...module.#ownParameters(), ...module.#ownBuffers()]) {
        if (x.dtype === dtype || !['float32', 'float64'].includes(x.dtype)) continue;
        if (!converted.has(x)) converted.set(x, convert(x));
        module.#setField(name, converted.get(x));
      }
    return this;
  }
  float(): this {
    return this.to('float32');
  }
  double(): this {
    return this.to('float64');
  }

  /** Calls `hook` before each `forward`. */
  registerForwardPreHook(hook: ForwardPreHook): { remove(): void } {
    return register(this.#preHooks, hook);
  }
  /** Calls `hook` after each `forward`. */
  registerForwardHook(hook: ForwardHook): { remove(): void } {
    return register(this.#hooks, hook);
  }

  /** What stands between the brackets of the module's text. */
  extraRepr(): string {
    return '';
  }
  /** PyTorch's text. */
  override toString(): string {
    const extra = this.extraRepr();
    const children = this.namedChildren().map(([name, module]) => `(${name}): ${indented(String(module))}`);
    const lines = [...(extra === '' ? [] : extra.split('\n')), ...children];
    const inside = children.length === 0 && lines.length <= 1 ? extra : `\n  ${lines.join('\n  ')}\n`;
    return `${this.constructor.name}(${inside})`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
