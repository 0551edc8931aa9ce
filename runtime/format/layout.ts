// How the elements of a tensor are laid out on lines: nested brackets, broken lines, and the summary of large
// tensors.
//
// In: shape, elements in row-major order, options. Out: the text between `tensor(` and the suffixes.
//
// The same walk is made twice: first to collect the elements that will be shown, since only these decide how
// elements are written (a hidden 1e9 changes nothing), then to write them.

import { chooseElementFormat } from './element.ts';
import type { ElementFormat } from './element.ts';
import type { PrintOptions } from './options.ts';

/** Elements in row-major order with their shape. */
export interface Block {
  readonly shape: readonly number[];
  /** The dtype's name without `torch.`, such as `float32`. */
  readonly dtype: string;
  /** Already rounded to the dtype. Booleans are 0 and 1; bigints stand for 64-bit integers. */
  readonly data: ArrayLike<number | bigint>;
}

/** What stands in a row or stack: a position along the dimension, or the ellipsis in place of the hidden ones. */
type Item = number | 'ellipsis';

export function countElements(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}

/** The shown positions along a dimension: all, or `edgeitems` from each end around an ellipsis. */
function itemsOf(size: number, summarised: boolean, edgeitems: number): Item[] {
  const range = (length: number, start: number) => Array.from({ length }, (_, step) => start + step);
  if (!summarised || size <= 2 * edgeitems) return range(size, 0);
  return [...range(edgeitems, 0), 'ellipsis', ...range(edgeitems, size - edgeitems)];
}

/** The walk over one block: everything that stays the same at all depths. */
interface Walk {
  readonly block: Block;
  readonly options: PrintOptions;
  /** Per dimension, the shown items. */
  readonly items: readonly (readonly Item[])[];
  /** Per dimension, how many elements one step along it passes over. */
  readonly steps: readonly number[];
}

function planWalk(block: Block, options: PrintOptions): Walk {
  const summarised = countElements(block.shape) > options.threshold;
  return {
    block,
    options,
    items: block.shape.map((size) => itemsOf(size, summarised, options.edgeitems)),
    steps: block.shape.map((_, dim) => countElements(block.shape.slice(dim + 1))),
  };
}

function collectShown(walk: Walk, dim: number, offset: number, shown: (number | bigint)[]): void {
  if (dim === walk.items.length) {
    shown.push(walk.block.data[offset]);
    return;
  }
  for (const item of walk.items[dim]) {
    if (item !== 'ellipsis') collectShown(walk, dim + 1, offset + item * walk.steps[dim], shown);
  }
}

/** The innermost dimension: as many elements on a line as fit. The ellipsis takes the place of one element. */
function writeRow(walk: Walk, offset: number, indent: number, format: ElementFormat): string {
  const { block, options, items } = walk;
  const texts = items[items.length - 1].map((item) =>
    item === 'ellipsis' ? ' ...' : format.write(block.data[offset + item]),
  );
  const lengthWithComma = format.width + 2;
  const perLine = Math.max(1, Math.floor((options.linewidth - indent) / lengthWithComma));
  const lines: string[] = [];
  for (let start = 0; start < texts.length; start += perLine) {
    lines.push(texts.slice(start, start + perLine).join(', '));
  }
  return `[${lines.join(`,\n${' '.repeat(indent + 1)}`)}]`;
}

/** An outer dimension: its slices below each other, with one more blank line per dimension below. */
function writeStack(walk: Walk, dim: number, offset: number, indent: number, format: ElementFormat): string {
  const remaining = walk.items.length - dim;
  if (remaining === 1) return writeRow(walk, offset, indent, format);
  const slices = walk.items[dim].map((item) =>
    item === 'ellipsis'
      ? '...'
      : writeStack(walk, dim + 1, offset + item * walk.steps[dim], indent + 1, format),
  );
  return `[${slices.join(`,${'\n'.repeat(remaining - 1)}${' '.repeat(indent + 1)}`)}]`;
}

/**
 * The elements as text, with brackets for the dimensions: `3.` for no dimension, `[1., 2.]` for one, and `[]`
 * for every tensor without elements. Lines after the first are indented to stand below the first bracket, which
 * itself stands after `indent` characters.
 */
export function layOutElements(block: Block, indent: number, options: PrintOptions): string {
  if (countElements(block.shape) === 0) return '[]';
  const walk = planWalk(block, options);
  const shown: (number | bigint)[] = [];
  collectShown(walk, 0, 0, shown);
  const format = chooseElementFormat(block.dtype, shown, options);
  return block.shape.length === 0 ? format.write(block.data[0]) : writeStack(walk, 0, 0, indent, format);
}
