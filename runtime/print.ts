// Tensors as text, and the options for it. In: a tensor. Out: PyTorch's text, or that of the lazy graph below it.

import { ValueError } from '../compiler/errors.ts';
import { printGraph, reachable } from '../compiler/graph.ts';
import { printType } from '../compiler/node.ts';
import { bufferOf } from './cell.ts';
import { nodeOfTensor } from './core.ts';
import { defaultPrintOptions, formatTensor, mergePrintOptions, printProfiles } from './format.ts';
import type { PrintOptionChanges, PrintOptions } from './format.ts';
import { checkOptions } from './options.ts';
import { publicCall } from './origin.ts';
import { elementsOf } from './read.ts';
import type { Tensor } from './tensor.ts';
import { activeTrace } from './trace.ts';

const whole = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0;

/** Printing must go on working, whatever was asked of it. */
function checkChanges({ profile, threshold, ...counts }: PrintOptionChanges): void {
  const { precision, edgeitems, linewidth } = counts;
  for (const [name, value] of Object.entries({ precision, edgeitems, linewidth }))
    if (value !== undefined && !whole(value) && !(name === 'linewidth' && value === Infinity))
      throw new ValueError(`setPrintOptions(): ${name} must be a whole number, but got ${String(value)}`);
  if (threshold !== undefined && !(threshold >= 0))
    throw new ValueError(
      `setPrintOptions(): threshold must be a number from 0, but got ${String(threshold)}`,
    );
  if (profile !== undefined && !Object.hasOwn(printProfiles, profile))
    throw new ValueError(`setPrintOptions(): there is no profile '${String(profile)}'`);
}

let options: PrintOptions = defaultPrintOptions;

/** Changes how tensors are printed from now on: PyTorch's `set_printoptions`. */
export function setPrintOptions(changes: PrintOptionChanges): void {
  publicCall('setPrintOptions', () => {
    checkOptions('setPrintOptions', changes, [
      'precision',
      'threshold',
      'edgeitems',
      'linewidth',
      'sciMode',
      'profile',
    ]);
    checkChanges(changes);
    options = mergePrintOptions(options, changes);
  });
}

/** PyTorch's text of a tensor. While a function is traced there are no values: then its type. */
export function printTensor(x: Tensor): string {
  return publicCall('toString', () => {
    const { shape, dtype } = x;
    if (activeTrace() !== null) return `Tensor(${printType({ shape, dtype })}, traced)`;
    return formatTensor(
      { shape, dtype, data: elementsOf(x) },
      { gradFn: x.gradFn?.name, requiresGrad: x.requiresGrad, parameter: x.core.isParameter },
      options,
    );
  });
}

/** The lazy graph below a tensor; what has been computed is an input. */
export function printTensorGraph(x: Tensor): string {
  const output = nodeOfTensor(x);
  const nodes = reachable([output], (n) => bufferOf(n) !== undefined);
  const inputs = nodes.filter((n) => bufferOf(n) !== undefined);
  return printGraph({ inputs, outputs: [output], nodes });
}
