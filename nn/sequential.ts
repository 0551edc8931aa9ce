// Containers: Sequential, ModuleList, ModuleDict. In: modules. Out: one module that owns them; they are named 0, 1, ... or as the user
// says.

import { atCaller, AutogradError, IndexError } from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import { Module } from './module.ts';

/** A module without a forward of its own, such as a list. */
export abstract class Container extends Module {
  forward(..._inputs: never[]): unknown {
    throw atCaller(
      new AutogradError(`Module [${this.constructor.name}] is missing the required "forward" function`),
    );
  }
}

/** Modules in a row. */
abstract class List<M extends Module> extends Container {
  constructor(modules: Iterable<M>) {
    super();
    this.extend(modules);
  }
  override get length(): number {
    return this.children().length;
  }
  [Symbol.iterator](): Iterator<M> {
    return (this.children() as readonly M[])[Symbol.iterator]();
  }
  /** The module at a place; negative ones count from the end. */
  at(index: number): M {
    const module = this.children().at(index);
    if (!module || !Number.isInteger(index)) throw atCaller(new IndexError(`index ${index} is out of range`));
    return module as M;
  }
  append(module: M): this {
    this.addModule(String(this.length), module);
    return this;
  }
  extend(modules: Iterable<M>): this {
    for (const module of modules) this.append(module);
    return this;
  }
}

/** One module after the other; each takes what the one before gives. Their names are 0, 1, ... or those of an object. */
export class Sequential extends List<Module> {
  constructor(...modules: readonly Module[] | readonly [Readonly<Record<string, Module>>]) {
    const [first] = modules;
    const named =
      modules.length === 1 && typeof first === 'object' && !(first instanceof Module) ? first : null;
    super(named === null ? (modules as readonly Module[]) : []);
    if (named !== null) for (const [name, module] of Object.entries(named)) this.addModule(name, module);
  }
  override forward(x: Tensor): Tensor {
    return this.children().reduce<unknown>((value, module) => (module as Applicable)(value), x) as Tensor;
  }
}

type Applicable = Module & ((input: unknown) => unknown);

/** Modules in an array that belong to their owner. */
export class ModuleList<M extends Module = Module> extends List<M> {
  constructor(modules: Iterable<M> = []) {
    super(modules);
  }
}

/** Modules by name that belong to their owner. */
export class ModuleDict<T extends Readonly<Record<string, Module>>> extends Container {
  constructor(modules: T) {
    super();
    for (const [name, module] of Object.entries(modules)) this.addModule(name, module);
  }
  get<K extends keyof T & string>(name: K): T[K] {
    const module = this.namedChildren().find(([key]) => key === name)?.[1];
    if (!module) throw atCaller(new IndexError(`'${name}' is no module of this ModuleDict`));
    return module as T[K];
  }
}
