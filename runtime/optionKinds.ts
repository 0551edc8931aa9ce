// What the options of operators may be, by their names. In: a name and a value that a user gave it. Out: nothing, or an error in PyTorch's words.
// TypeScript checks the table against the operators' own types: an option that is missing, or that refuses what an operator takes, fails the
// build. A name means the same everywhere, but for `upper` and `p`, so that one table serves all operators.

import { ValueError } from '../compiler/errors.ts';
import type { Node } from '../compiler/node.ts';
import type * as ops from '../ops/index.ts';
import { isTensor } from './core.ts';
import { describeValue, isPlainObject } from './describe.ts';

type Kind = 'Number' | 'boolean' | 'string' | 'list' | 'Tensor' | 'null' | 'object';

/** The kinds of a type, one of a union after the other. */
type KindOf<V> = V extends undefined
  ? never
  : V extends number
    ? 'Number'
    : V extends boolean
      ? 'boolean'
      : V extends string
        ? 'string'
        : V extends null
          ? 'null'
          : V extends Node
            ? 'Tensor'
            : V extends readonly unknown[]
              ? 'list'
              : 'object';

type Ops = typeof ops;
type ParameterOf<F> = F extends (...args: infer A) => unknown ? A[number] : never;
/** The objects among the parameters of all operators. */
type Options<P = ParameterOf<Ops[keyof Ops]>> = P extends Node | readonly unknown[]
  ? never
  : P extends (...args: never) => unknown
    ? never
    : P extends object
      ? P
      : never;
type NameIn<O> = O extends unknown ? Extract<keyof O, string> : never;
type ValueIn<O, K extends string> = O extends unknown ? (K extends keyof O ? O[K] : never) : never;

type Kinds<K extends Kind = Kind> = Readonly<Record<K, true>>;
const kinds = <K extends Kind>(...list: readonly K[]): Kinds<K> =>
  Object.fromEntries(list.map((kind) => [kind, true])) as Kinds<K>;

const number = kinds('Number');
const numberOrNull = kinds('Number', 'null');
const list = kinds('list');
const listOrNull = kinds('list', 'null');
const flag = kinds('boolean');
const flagOrNull = kinds('boolean', 'null');
const text = kinds('string');
const textOrNull = kinds('string', 'null');
const tensor = kinds('Tensor');
const tensorOrNull = kinds('Tensor', 'null');
const bound = kinds('Number', 'Tensor', 'null', 'boolean');
const sizes = kinds('Number', 'list');
const sizesOrNull = kinds('Number', 'list', 'null');

/** Options of one kind. */
const all = <V, K extends string>(kind: V, ...names: readonly K[]): { readonly [P in K]: V } =>
  Object.fromEntries(names.map((name) => [name, kind])) as { readonly [P in K]: V };

// prettier-ignore
const optionKinds: { readonly [K in NameIn<Options>]: Kinds<KindOf<ValueIn<Options, K>>> } = {
  ...all(
    text,
    'UPLO', 'approximate', 'driver', 'dtype', 'indexing', 'interpolation', 'mode', 'paddingMode', 'reduction',
  ),
  ...all(textOrNull, 'norm', 'roundingMode'),
  ...all(
    flag,
    'accumulate', 'adjoint', 'ceilMode', 'countIncludePad', 'density', 'descending', 'enableGqa', 'equalNan',
    'full', 'fullMatrices', 'includeLastOffset', 'includeSelf', 'increasing', 'invert', 'isCausal', 'keepdim',
    'largest', 'left', 'logInput', 'logTarget', 'returnIndices', 'right', 'scaleGradByFreq', 'sorted', 'stable',
    'swap', 'training', 'unbiased', 'unitriangular', 'useInputStats', 'withReplacement', 'zeroInfinity',
  ),
  ...all(flagOrNull, 'alignCorners', 'recomputeScaleFactor'),
  ...all(
    number,
    'alpha', 'atol', 'beta', 'bins', 'blank', 'correction', 'decimals', 'delta', 'diagonal', 'dim1', 'dim2', 'dx',
    'groups', 'ignoreIndex', 'k', 'labelSmoothing', 'lambd', 'lower', 'margin', 'maxVal', 'minVal', 'momentum',
    'nan', 'negativeSlope', 'offset', 'rtol', 'step', 'threshold',
  ),
  ...all(
    numberOrNull,
    'divisorOverride', 'end', 'eps', 'n', 'neginf', 'paddingIdx', 'posinf', 'rcond', 'scale', 'start', 'value',
  ),
  ...all(sizes, 'dilation', 'dims', 'outputPadding'),
  ...all(sizesOrNull, 'dim', 's', 'scaleFactor', 'size', 'stride'),
  ...all(list, 'range'),
  ...all(listOrNull, 'outputSize'),
  ...all(tensor, 'append', 'prepend', 'x'),
  ...all(
    tensorOrNull,
    'attnMask', 'aweights', 'bias', 'fweights', 'noise', 'offsets', 'perSampleWeights', 'posWeight', 'runningMean',
    'runningVar', 'weight',
  ),
  padding: kinds('Number', 'list', 'string'),
  p: kinds('Number', 'string'),
  ord: kinds('Number', 'string'),
  upper: kinds('Number', 'boolean'),
  max: bound,
  min: bound,
  dropout: kinds('object', 'null'),
};

/** Throws for an option that is of another kind than the operator takes. */
export function checkKinds(name: string, options: Readonly<Record<string, unknown>>): void {
  const table: Readonly<Record<string, Partial<Kinds> | undefined>> = optionKinds;
  for (const [key, value] of Object.entries(options)) {
    const allowed = table[key];
    if (value === undefined || allowed === undefined || Object.hasOwn(allowed, kindOf(value))) continue;
    throw new ValueError(
      `${name}(): argument '${key}' must be ${Object.keys(allowed).join(' or ')}, not ${describeValue(value)}`,
    );
  }
}

/** One of the kinds, or something else. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (isTensor(value)) return 'Tensor';
  if (Array.isArray(value)) return value.every(isListed) ? 'list' : 'a list of other things';
  if (typeof value === 'object') return isPlainObject(value) ? 'object' : 'an object of a class';
  return typeof value === 'number' ? 'Number' : typeof value;
}

/** What may stand in a list: numbers, or lists of them; null where a default is meant. */
const isListed = (item: unknown): boolean =>
  item === null ||
  ['number', 'boolean'].includes(typeof item) ||
  (Array.isArray(item) && item.every(isListed));
