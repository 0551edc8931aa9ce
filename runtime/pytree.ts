// Nested values: arrays and plain objects of tensors and other things. In: a value as users pass or return it. Out: its tensors in a row, and
// a tree that says where they were, from which the same nesting is built around others. Everything that is no tensor, array or plain
// object (a module, a function, a number) is a leaf of its own and stays what it is.

import { ValueError } from '../compiler/errors.ts';
import { isTensor } from './core.ts';
import { isPlainObject } from './describe.ts';
import { nameOfResults, namedResult } from './results.ts';
import type { Tensor } from './tensor.ts';

export type Tree =
  | { readonly tag: 'tensor'; readonly index: number }
  /** `named`: the function whose several results these are, such as `max`. */
  | { readonly tag: 'array'; readonly items: readonly Tree[]; readonly named?: string }
  | { readonly tag: 'object'; readonly keys: readonly string[]; readonly items: readonly Tree[] }
  | { readonly tag: 'static'; readonly value: unknown };

/** What may be nested: arrays, plain objects, tensors, and whatever stays as it is. */
export type Nested = unknown;

export interface Flat {
  readonly tree: Tree;
  readonly tensors: readonly Tensor[];
}

/** The tensors of a nested value, and where they stand. */
export function flatten(value: Nested): Flat {
  const tensors: Tensor[] = [];
  return { tree: treeOf(value, tensors, []), tensors };
}

function treeOf(value: Nested, tensors: Tensor[], around: readonly object[]): Tree {
  if (isTensor(value)) return { tag: 'tensor', index: tensors.push(value) - 1 };
  const isArray = Array.isArray(value);
  if (!isArray && !isPlainObject(value)) return { tag: 'static', value };
  refuseCycle(value, around);
  const inner = [...around, value];
  if (isArray)
    return {
      tag: 'array',
      items: value.map((item) => treeOf(item, tensors, inner)),
      named: nameOfResults(value),
    };
  const keys = Object.keys(value);
  return { tag: 'object', keys, items: keys.map((key) => treeOf(value[key], tensors, inner)) };
}

/** Throws if a nested value contains itself. */
export function refuseCycle(value: object, around: readonly object[]): void {
  if (around.includes(value)) throw new ValueError('a nested value of tensors must not contain itself');
}

/** The nesting of a tree around other values in the place of its tensors. */
export function unflatten(tree: Tree, values: readonly unknown[]): unknown {
  switch (tree.tag) {
    case 'tensor':
      return values[tree.index];
    case 'array': {
      const items = tree.items.map((item) => unflatten(item, values));
      return tree.named === undefined ? items : namedResult(tree.named, items as Tensor[]);
    }
    case 'object': {
      const result: Record<string, unknown> = {};
      tree.keys.forEach((key, i) => setField(result, key, unflatten(tree.items[i], values)));
      return result;
    }
    case 'static':
      return tree.value;
  }
}

/** Sets a field of a plain object, whatever its name is. */
export function setField(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

/** A nested value with `f` of each of its tensors. */
export function mapTensors<T>(value: T, f: (x: Tensor, index: number) => unknown): T {
  const { tree, tensors } = flatten(value);
  return unflatten(tree, tensors.map(f)) as T;
}

/** True if two trees have the same nesting; static leaves may differ. */
export function sameTree(a: Tree, b: Tree): boolean {
  if (a.tag !== b.tag) return false;
  switch (a.tag) {
    case 'array':
    case 'object': {
      const other = b as typeof a;
      if (a.items.length !== other.items.length) return false;
      if (a.tag === 'object' && !a.keys.every((key, i) => key === (other as typeof a).keys[i])) return false;
      return a.items.every((item, i) => sameTree(item, other.items[i]));
    }
    default:
      return true;
  }
}

/** The tensors of a nested value that must hold nothing else. */
export function tensorsOnly(what: string, value: Nested): Flat {
  const flat = flatten(value);
  const check = (tree: Tree): void => {
    if (tree.tag === 'static')
      throw new ValueError(`${what}: expected tensors, but got ${String(tree.value)}`);
    if (tree.tag === 'array' || tree.tag === 'object') tree.items.forEach(check);
  };
  check(flat.tree);
  return flat;
}
