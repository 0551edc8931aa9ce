// Nested values that must have the same type: the results of two branches, what goes into a step of a loop and what comes out. In: two nested
// values. Out: nothing, or an error that shows both as text, such as `[float32[2], { n: number }]`.

import { DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import { printType } from '../compiler/node.ts';
import { describeValue } from './describe.ts';
import { flatten, setField } from './pytree.ts';
import type { Flat, Tree } from './pytree.ts';

interface Parts {
  readonly tensor: (index: number) => string;
}

/** A nesting as text; the order of an object's keys does not matter. */
function treeText(tree: Tree, parts: Parts): string {
  switch (tree.tag) {
    case 'tensor':
      return parts.tensor(tree.index);
    case 'array':
      return `[${tree.items.map((item) => treeText(item, parts)).join(', ')}]`;
    case 'object': {
      const fields = tree.keys.map((key, i) => `${key}: ${treeText(tree.items[i], parts)}`);
      return `{ ${fields.sort().join(', ')} }`;
    }
    case 'static':
      return describeValue(tree.value);
  }
}

const typeText = ({ tree, tensors }: Flat): string =>
  treeText(tree, { tensor: (i) => printType(tensors[i].core.type) });

/** Throws a ValueError if two values differ in nesting, a ShapeError or DTypeError if their tensors do. */
export function checkAlike(what: string, a: Flat, b: Flat): void {
  const [first, second] = [typeText(a), typeText(b)];
  if (first === second) return;
  const agree = (part: (flat: Flat, i: number) => string): boolean =>
    treeText(a.tree, { tensor: (i) => part(a, i) }) === treeText(b.tree, { tensor: (i) => part(b, i) });
  const Kind = agree(({ tensors }, i) => tensors[i].dtype)
    ? ShapeError
    : agree(() => 'tensor')
      ? DTypeError
      : ValueError;
  throw new Kind(`${what} must have equal types, but they differ: ${first} and ${second}`);
}

/** A nested value with its tensors in the order of another one, which it must be like. */
export function flattenLike(what: string, value: unknown, like: Flat): Flat {
  const flat = flatten(value);
  checkAlike(what, like, flat);
  return flatten(arranged(value, like.tree));
}

/** A nested value with the keys of its objects in the order of a tree. */
function arranged(value: unknown, tree: Tree): unknown {
  if (tree.tag === 'array') return tree.items.map((item, i) => arranged((value as unknown[])[i], item));
  if (tree.tag !== 'object') return value;
  const result: Record<string, unknown> = {};
  tree.keys.forEach((key, i) =>
    setField(result, key, arranged((value as Record<string, unknown>)[key], tree.items[i])),
  );
  return result;
}
