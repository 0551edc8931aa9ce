// A tensor as text, byte for byte as PyTorch prints it: `tensor([1., 2.], grad_fn=<MulBackward0>)`.
//
// In: plain data (shape, dtype, elements in row-major order), what follows the elements, the print options.
// Out: the text. Nothing here knows about tensors, graphs or which options are in force.
//
// The parts: `format/decimal.ts` writes a number, `format/element.ts` decides how the numbers of a tensor are
// written, `format/layout.ts` puts them on lines, `format/options.ts` has the options, and this file adds the
// suffixes.

import { countElements, layOutElements } from './format/layout.ts';
import type { Block } from './format/layout.ts';
import { defaultPrintOptions } from './format/options.ts';
import type { PrintOptions } from './format/options.ts';

export { defaultPrintOptions, mergePrintOptions, printProfiles } from './format/options.ts';
export type { PrintOptionChanges, PrintOptions, PrintProfile } from './format/options.ts';

/** The plain data of a tensor to be printed. */
export type PrintableTensor = Block;

/** What is said about a tensor after its elements. */
export interface PrintSuffix {
  /** The name of the node that made the tensor, such as `MulBackward0`. */
  readonly gradFn?: string;
  /** Whether it is a leaf that asks for a gradient; not said if there is a `gradFn`. */
  readonly requiresGrad?: boolean;
  /** Whether it is a parameter of a module, which gets a line of its own. */
  readonly parameter?: boolean;
}

const prefix = 'tensor(';

/** These go without saying, except for a tensor without elements, where only the default float type does. */
const unnamedDtypes: ReadonlySet<string> = new Set(['float32', 'int64', 'bool']);

function listSuffixes({ shape, dtype }: Block, { gradFn, requiresGrad }: PrintSuffix): string[] {
  const suffixes: string[] = [];
  const empty = countElements(shape) === 0;
  if (empty && shape.length !== 1) suffixes.push(`size=(${shape.join(', ')})`);
  if (empty ? dtype !== 'float32' : !unnamedDtypes.has(dtype)) suffixes.push(`dtype=torch.${dtype}`);
  if (gradFn !== undefined) suffixes.push(`grad_fn=<${gradFn}>`);
  else if (requiresGrad) suffixes.push('requires_grad=True');
  return suffixes;
}

/**
 * Appends the suffixes and the closing bracket. A suffix that would not fit goes to a line of its own; PyTorch
 * counts two characters more than the line has, and so do we.
 */
function appendSuffixes(text: string, suffixes: readonly string[], linewidth: number): string {
  let result = text;
  let length = text.length - (text.lastIndexOf('\n') + 1) + 2;
  for (const suffix of suffixes) {
    if (length + suffix.length + 2 > linewidth) {
      result += `,\n${' '.repeat(prefix.length)}${suffix}`;
      length = prefix.length + suffix.length;
    } else {
      result += `, ${suffix}`;
      length += suffix.length + 2;
    }
  }
  return `${result})`;
}

/**
 * The text of a tensor.
 *
 * @example
 * formatTensor({ shape: [2], dtype: 'float32', data: [1, 2.5] });
 * // 'tensor([1.0000, 2.5000])'
 * formatTensor({ shape: [2], dtype: 'float32', data: [3, 6] }, { gradFn: 'MulBackward0' });
 * // 'tensor([3., 6.], grad_fn=<MulBackward0>)'
 * formatTensor({ shape: [], dtype: 'int32', data: [7] });
 * // 'tensor(7, dtype=torch.int32)'
 */
export function formatTensor(
  value: PrintableTensor,
  suffix: PrintSuffix = {},
  options: PrintOptions = defaultPrintOptions,
): string {
  const body = prefix + layOutElements(value, prefix.length, options);
  const text = appendSuffixes(body, listSuffixes(value, suffix), options.linewidth);
  return suffix.parameter ? `Parameter containing:\n${text}` : text;
}
