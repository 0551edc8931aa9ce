// Signatures: for which calls a compiled program is good. In: the arguments of a call. Out: whether they fit what was traced, quickly; the
// tensors among them in a row. Tensors count by shape, dtype and what autograd knows of them; modules and other instances by identity and by
// what they hold; all else by its value.

import { TraceError } from '../compiler/errors.ts';
import type { TensorType } from '../compiler/node.ts';
import { hooksKey } from './autograd/hooks.ts';
import { inInferenceMode, isGradEnabled } from './autograd/mode.ts';
import type { Cell } from './cell.ts';
import { isTensor } from './core.ts';
import { describeValue, isPlainObject } from './describe.ts';
import { Generator } from './generator.ts';
import { refuseCycle } from './pytree.ts';
import type { Tensor } from './tensor.ts';

/** What autograd knows of a tensor: nothing, that it is a leaf to be differentiated by (with which hooks), or a history. */
export type Standing = 'plain' | 'leaf' | `leaf with hooks ${string}` | 'recorded';

export type Spec =
  | {
      readonly tag: 'tensor';
      readonly slot: number;
      readonly type: TensorType;
      readonly standing: Standing;
      /** Whether it is a view of another tensor's storage. */
      readonly view: boolean;
    }
  | { readonly tag: 'array'; readonly items: readonly Spec[] }
  | { readonly tag: 'object'; readonly keys: readonly string[]; readonly items: readonly Spec[] }
  /** A module, or an instance of another class. */
  | { readonly tag: 'module'; readonly module: object; readonly fields: readonly Field[] }
  /** Tensors too, if the function also reaches them from outside. */
  | { readonly tag: 'static'; readonly value: unknown };

/** What a program relies on in an instance, where it was found: a parameter or buffer of a module, a tensor, a plain value. */
interface Field {
  /** `fc.weight` */
  readonly name: string;
  readonly holder: Readonly<Record<string, unknown>>;
  readonly key: string;
  readonly value: unknown;
}

export interface Signature {
  readonly args: readonly Spec[];
  /** For each tensor the first of all that is the same one. */
  readonly same: readonly number[];
  /** For each tensor the first of all that shares its storage. */
  readonly shared: readonly number[];
  readonly grad: boolean;
  readonly inference: boolean;
}

export function standingOf(x: Tensor): Standing {
  const { core } = x;
  // a view finds out about its history when it is asked
  if (core.viewOf === null ? core.gradFn !== null : x.gradFn !== null) return 'recorded';
  if (!core.wantsGrad) return 'plain';
  const hooks = hooksKey(x);
  return hooks === '' ? 'leaf' : `leaf with hooks ${hooks}`;
}

interface ModuleLike {
  namedParameters(): Iterable<readonly [string, unknown]>;
  namedBuffers?(): Iterable<readonly [string, unknown]>;
}

function isModule(value: unknown): value is object & ModuleLike {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  return typeof (value as Partial<ModuleLike>).namedParameters === 'function';
}

/** Where the tensors of a module are kept: `fc.weight` is the field `weight` of its field `fc`. */
function fieldsOf(module: object & ModuleLike): Field[] {
  const fields: Field[] = [];
  for (const [name, value] of [...module.namedParameters(), ...(module.namedBuffers?.() ?? [])]) {
    const path = name.split('.');
    const key = path.pop()!;
    let holder: unknown = module;
    for (const step of path) holder = (holder as Record<string, unknown> | undefined)?.[step];
    const record = holder as Record<string, unknown> | undefined;
    if (record?.[key] === value) fields.push({ name, holder: record!, key, value });
  }
  return fields;
}

const isPlain = (value: unknown): boolean =>
  value === null || ['number', 'string', 'boolean', 'bigint', 'undefined'].includes(typeof value);

/** The tensors in the fields of an instance, also within arrays and plain objects there, and its plain values. */
function fieldsOfInstance(instance: object): Field[] {
  const fields: Field[] = [];
  const collect = (holder: Record<string, unknown>, path: string, around: readonly object[]): void => {
    for (const [key, value] of Object.entries(holder)) {
      const name = `${path}${key}`;
      if (isTensor(value) || (around.length === 0 && isPlain(value)))
        fields.push({ name, holder, key, value });
      else if ((Array.isArray(value) || isPlainObject(value)) && !around.includes(value))
        collect(value as Record<string, unknown>, `${name}.`, [...around, value]);
    }
  };
  collect(instance as Record<string, unknown>, '', []);
  return fields;
}

/** Throws for what has contents that no signature sees, so that they would be frozen. */
function refuseHidden(value: unknown): void {
  const hint = ArrayBuffer.isView(value)
    ? 'tensor(array)'
    : value instanceof Map || value instanceof Set
      ? 'an array or a plain object'
      : null;
  if (hint !== null)
    throw new TraceError(
      `a ${describeValue(value)} among the arguments of a compiled function would be frozen into the program: pass ${hint} instead.`,
    );
}

/** What a call looks like; collects its tensors. Those in `fixed` count by identity, and are not among them. */
export function signatureOf(
  args: readonly unknown[],
  tensors: Tensor[],
  fixed: ReadonlySet<Tensor>,
): Signature {
  const spec = (value: unknown, around: readonly object[]): Spec => {
    if (isTensor(value) && !fixed.has(value)) {
      const slot = tensors.push(value) - 1;
      return {
        tag: 'tensor',
        slot,
        type: value.core.type,
        standing: standingOf(value),
        view: value.core.path !== null,
      };
    }
    if (Array.isArray(value)) {
      refuseCycle(value, around);
      return { tag: 'array', items: value.map((item) => spec(item, [...around, value])) };
    }
    if (isPlainObject(value)) {
      refuseCycle(value, around);
      const keys = Object.keys(value);
      return { tag: 'object', keys, items: keys.map((key) => spec(value[key], [...around, value])) };
    }
    if (isModule(value)) return { tag: 'module', module: value, fields: fieldsOf(value) };
    refuseHidden(value);
    // a generator is state: programs draw from it at each call
    if (typeof value === 'object' && value !== null && !isTensor(value) && !(value instanceof Generator))
      return { tag: 'module', module: value, fields: fieldsOfInstance(value) };
    return { tag: 'static', value };
  };
  return {
    args: args.map((value) => spec(value, [])),
    same: tensors.map((x) => tensors.indexOf(x)),
    shared: tensors.map((x) => tensors.findIndex((y) => y.core.cell === x.core.cell)),
    grad: isGradEnabled(),
    inference: inInferenceMode(),
  };
}

/** The arguments of a call with others in the place of its tensors. */
export function argumentsFrom({ args }: Signature, tensors: readonly Tensor[]): unknown[] {
  const build = (spec: Spec): unknown => {
    switch (spec.tag) {
      case 'tensor':
        return tensors[spec.slot];
      case 'array':
        return spec.items.map(build);
      case 'object':
        return Object.fromEntries(spec.keys.map((key, i) => [key, build(spec.items[i])]));
      case 'module':
        return spec.module;
      case 'static':
        return spec.value;
    }
  };
  return args.map(build);
}

/** True if what `argumentsFrom` gave still holds the same things. */
export function sameArguments(
  { args }: Signature,
  built: readonly unknown[],
  tensors: readonly Tensor[],
): boolean {
  const same = (spec: Spec, value: unknown): boolean => {
    switch (spec.tag) {
      case 'tensor':
        return value === tensors[spec.slot];
      case 'array':
        return (
          Array.isArray(value) &&
          value.length === spec.items.length &&
          spec.items.every((item, i) => same(item, value[i]))
        );
      case 'object': {
        const record = value as Record<string, unknown>;
        return (
          Object.keys(record).length === spec.keys.length &&
          spec.keys.every((key, i) => same(spec.items[i], record[key]))
        );
      }
      case 'module':
        return spec.fields.every(({ holder, key, value: held }) => Object.is(holder[key], held));
      case 'static':
        return Object.is(value, spec.value);
    }
  };
  return args.every((spec, i) => same(spec, built[i]));
}

/** True if a call fits, but for who shares storage with whom; puts its tensors into `tensors`. */
export function fits(signature: Signature, args: readonly unknown[], tensors: Tensor[]): boolean {
  const { args: specs, grad, inference } = signature;
  if (args.length !== specs.length || isGradEnabled() !== grad || inInferenceMode() !== inference)
    return false;
  for (let i = 0; i < specs.length; i++) if (!fitsOne(specs[i], args[i], tensors)) return false;
  return true;
}

function fitsOne(spec: Spec, value: unknown, tensors: Tensor[]): boolean {
  switch (spec.tag) {
    case 'tensor': {
      if (!isTensor(value)) return false;
      const { core } = value;
      if (core.type !== spec.type && !sameType(core.type, spec.type)) return false;
      if ((core.path !== null) !== spec.view || standingOf(value) !== spec.standing) return false;
      tensors[spec.slot] = value;
      return true;
    }
    case 'static':
      return Object.is(spec.value, value);
    case 'array': {
      const { items } = spec;
      if (!Array.isArray(value) || value.length !== items.length) return false;
      for (let i = 0; i < items.length; i++) if (!fitsOne(items[i], value[i], tensors)) return false;
      return true;
    }
    case 'object': {
      const { keys, items } = spec;
      if (!isPlainObject(value)) return false;
      const given = Object.keys(value);
      if (given.length !== keys.length) return false;
      for (let i = 0; i < keys.length; i++)
        if (given[i] !== keys[i] || !fitsOne(items[i], value[keys[i]], tensors)) return false;
      return true;
    }
    case 'module': {
      if (value !== spec.module) return false;
      for (const { holder, key, value: held } of spec.fields) if (!Object.is(holder[key], held)) return false;
      return true;
    }
  }
}

function sameType(a: TensorType, b: TensorType): boolean {
  const n = a.shape.length;
  if (a.dtype !== b.dtype || n !== b.shape.length) return false;
  for (let i = 0; i < n; i++) if (a.shape[i] !== b.shape[i]) return false;
  return true;
}

/** True if the same tensors are one, and the same share storage, as when the signature was taken. */
export function sharesAlike({ same, shared }: Signature, tensors: readonly Tensor[]): boolean {
  for (let i = 0; i < tensors.length; i++) {
    const x = tensors[i];
    const { cell } = x.core;
    if (tensors[same[i]] !== x || tensors[shared[i]].core.cell !== cell) return false;
    for (let k = 0; k < i; k++) {
      if (k < same[i] && tensors[k] === x) return false;
      if (k < shared[i] && tensors[k].core.cell === cell) return false;
    }
  }
  return true;
}

/** True if arguments are among some cells. */
export function anyOf(cells: ReadonlySet<Cell>, tensors: readonly Tensor[]): boolean {
  for (let i = 0; i < tensors.length; i++) if (cells.has(tensors[i].core.cell)) return true;
  return false;
}
