// `expr`: ordinary operator notation for tensors. In: a template such as expr`${x} ** 2 / (1 + exp(-${y}))`. Out: the tensor that the calls
// x.pow(2).div(...) would give, with the same graph and history. A template is read once; values never become text.

import { ValueError } from '../compiler/errors.ts';
import { isTensor } from './core.ts';
import { parseExpression } from './expression/parse.ts';
import type { Expression } from './expression/parse.ts';
import { tensor } from './create.ts';
import { describeValue } from './describe.ts';
import { functions } from './functions.ts';
import { publicCall } from './origin.ts';
import type { Tensor } from './tensor.ts';

/** What may stand in an expression: a tensor, a number, a boolean. */
export type ExpressionValue = Tensor | number | boolean;

type Value = ExpressionValue | readonly Value[];
type OperatorName = keyof typeof functions;

interface BinaryOperator {
  readonly name: OperatorName;
  /** The same of two plain numbers. */
  readonly plain: (a: number, b: number) => number | boolean;
}

const floorMod = (a: number, b: number): number => a - b * Math.floor(a / b);

const binaries: Readonly<Record<string, BinaryOperator>> = {
  '+': { name: 'add', plain: (a, b) => a + b },
  '-': { name: 'sub', plain: (a, b) => a - b },
  '*': { name: 'mul', plain: (a, b) => a * b },
  '/': { name: 'div', plain: (a, b) => a / b },
  '//': { name: 'floorDivide', plain: (a, b) => Math.floor(a / b) },
  '%': { name: 'remainder', plain: floorMod },
  '**': { name: 'pow', plain: (a, b) => a ** b },
  '@': { name: 'matmul', plain: (a, b) => a * b },
  '<': { name: 'lt', plain: (a, b) => a < b },
  '<=': { name: 'le', plain: (a, b) => a <= b },
  '>': { name: 'gt', plain: (a, b) => a > b },
  '>=': { name: 'ge', plain: (a, b) => a >= b },
  '==': { name: 'eq', plain: (a, b) => a === b },
  '!=': { name: 'ne', plain: (a, b) => a !== b },
  '&': { name: 'bitwiseAnd', plain: (a, b) => a & b },
  '|': { name: 'bitwiseOr', plain: (a, b) => a | b },
  '^': { name: 'bitwiseXor', plain: (a, b) => a ^ b },
  '<<': { name: 'bitwiseLeftShift', plain: (a, b) => a << b },
  '>>': { name: 'bitwiseRightShift', plain: (a, b) => a >> b },
  '&&': { name: 'logicalAnd', plain: (a, b) => a !== 0 && b !== 0 },
  '||': { name: 'logicalOr', plain: (a, b) => a !== 0 || b !== 0 },
};

const unaries: Readonly<
  Record<string, { readonly name: OperatorName; readonly plain: (a: number) => number | boolean }>
> = {
  '-': { name: 'neg', plain: (a) => -a },
  '+': { name: 'positive', plain: (a) => a },
  '~': { name: 'bitwiseNot', plain: (a) => ~a },
  '!': { name: 'logicalNot', plain: (a) => a === 0 },
};

/** Operators whose two sides may be the other way round when the first is a number. */
const flipped: Readonly<Partial<Record<string, OperatorName>>> = {
  '<': 'gt',
  '<=': 'ge',
  '>': 'lt',
  '>=': 'le',
  '==': 'eq',
  '!=': 'ne',
};

const table = functions as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Tensor>>;

const isFunction = (name: string): boolean => Object.hasOwn(table, name);

function callOperator(name: string, args: readonly Value[]): Value {
  const [x] = args;
  if ((name === 'T' || name === 'mT') && isTensor(x)) return x[name];
  const hasTensor = (value: Value): boolean =>
    isTensor(value) || (Array.isArray(value) && value.some(hasTensor));
  return table[name](
    ...(args.some(hasTensor) ? args : args.map((a, i) => (i === 0 ? tensor(a as number) : a))),
  );
}

const isPlain = (value: Value): value is number | boolean =>
  typeof value === 'number' || typeof value === 'boolean';

function combine(operator: string, x: Value, y: Value): Value {
  const { name, plain } = binaries[operator];
  if (isPlain(x) && isPlain(y)) return plain(Number(x), Number(y));
  const other = flipped[operator];
  return isPlain(x) && other !== undefined ? callOperator(other, [y, x]) : callOperator(name, [x, y]);
}

function evaluate(tree: Expression, values: readonly ExpressionValue[]): Value {
  const of = (part: Expression): Value => evaluate(part, values);
  switch (tree.tag) {
    case 'number':
      return tree.value;
    case 'place':
      return values[tree.index];
    case 'list':
      return tree.items.map(of);
    case 'call':
      return callOperator(tree.name, tree.args.map(of));
    case 'unary': {
      const x = of(tree.x);
      const { name, plain } = unaries[tree.operator];
      return isPlain(x) ? plain(Number(x)) : callOperator(name, [x]);
    }
    case 'binary':
      return combine(tree.operator, of(tree.x), of(tree.y));
    case 'choice': {
      const condition = of(tree.condition);
      if (isPlain(condition)) return condition ? of(tree.yes) : of(tree.no);
      return callOperator('where', [condition, of(tree.yes), of(tree.no)]);
    }
  }
}

const trees = new WeakMap<TemplateStringsArray, Expression>();

/**
 * Operator notation: expr`${x} ** 2 / (1 + exp(-${y}))`. Operators are + - * / // % ** @ < <= > >= == != & | ^ ~ << >> && || ! and
 * c ? a : b, all element by element (`@` is matmul), with JavaScript's precedence. Every operator of the library can be called by name,
 * also behind a value: softmax(${x}, -1), ${x}.sum([0, 1]), ${x}.T. `pi`, `e`, `inf`, `nan` are numbers.
 *
 * @example
 * expr`${x} @ ${w}.T + ${b}`
 */
export function expr(parts: TemplateStringsArray, ...values: readonly ExpressionValue[]): Tensor {
  let tree = trees.get(parts);
  if (!tree) trees.set(parts, (tree = publicCall('expr', () => parseExpression(parts, isFunction))));
  values.forEach((value, i) => {
    if (!isTensor(value) && typeof value !== 'number' && typeof value !== 'boolean')
      publicCall('expr', () => {
        throw new ValueError(
          `expr: value ${i + 1} must be a Tensor or a number, not ${describeValue(value)}`,
        );
      });
  });
  const result = evaluate(tree, values);
  if (isTensor(result)) return result;
  if (isPlain(result)) return tensor(result);
  return publicCall('expr', () => {
    throw new ValueError('expr: the expression is a list of values, not one tensor');
  });
}
