// Operator notation: expr`${x} ** 2 / (1 + exp(-${y}))`. In: a template with tensors, numbers and other values in its gaps. Out: the tensor that
// the same calls of functions give; the graph is the same. JavaScript's own grammar is read (by acorn) and never run as code: names are
// those of the operators, `%` and `**` are PyTorch's, `a ? b : c` is where(a, b, c).

import { parseExpressionAt } from 'acorn';
import type { Expression, Property, SpreadElement, Super } from 'acorn';
import { ValueError } from '../compiler/errors.ts';
import { tensor } from './create.ts';
import { functions } from './functions.ts';
import { describeValue } from './options.ts';
import { publicCall } from './origin.ts';
import { Tensor, isTensor } from './tensor.ts';

/** An expression as a function of what stands in the gaps. */
type Evaluate = (values: readonly unknown[]) => unknown;

type Call = (...args: unknown[]) => unknown;
const operators = functions as unknown as Readonly<Record<string, Call>>;

interface Binary {
  /** The operator's function on tensors. */
  readonly name: string;
  /** The same on plain numbers. */
  readonly plain: (a: number, b: number) => number | boolean;
}

const remainder = (a: number, b: number): number => a - b * Math.floor(a / b);

const binaries: Readonly<Record<string, Binary>> = {
  '+': { name: 'add', plain: (a, b) => a + b },
  '-': { name: 'sub', plain: (a, b) => a - b },
  '*': { name: 'mul', plain: (a, b) => a * b },
  '/': { name: 'div', plain: (a, b) => a / b },
  '%': { name: 'remainder', plain: remainder },
  '**': { name: 'pow', plain: (a, b) => a ** b },
  '<': { name: 'lt', plain: (a, b) => a < b },
  '<=': { name: 'le', plain: (a, b) => a <= b },
  '>': { name: 'gt', plain: (a, b) => a > b },
  '>=': { name: 'ge', plain: (a, b) => a >= b },
  '==': { name: 'eq', plain: (a, b) => a === b },
  '===': { name: 'eq', plain: (a, b) => a === b },
  '!=': { name: 'ne', plain: (a, b) => a !== b },
  '!==': { name: 'ne', plain: (a, b) => a !== b },
  '&': { name: 'bitwiseAnd', plain: (a, b) => a & b },
  '|': { name: 'bitwiseOr', plain: (a, b) => a | b },
  '^': { name: 'bitwiseXor', plain: (a, b) => a ^ b },
  '<<': { name: 'bitwiseLeftShift', plain: (a, b) => a << b },
  '>>': { name: 'bitwiseRightShift', plain: (a, b) => a >> b },
  '&&': { name: 'logicalAnd', plain: (a, b) => a !== 0 && b !== 0 },
  '||': { name: 'logicalOr', plain: (a, b) => a !== 0 || b !== 0 },
};

interface Unary {
  readonly name: string;
  readonly plain: (a: number) => number | boolean;
}

const unaries: Readonly<Record<string, Unary>> = {
  '-': { name: 'neg', plain: (a) => -a },
  '+': { name: 'positive', plain: (a) => a },
  '!': { name: 'logicalNot', plain: (a) => a === 0 },
  '~': { name: 'bitwiseNot', plain: (a) => ~a },
};

const constants: Readonly<Record<string, number>> = {
  pi: Math.PI,
  e: Math.E,
  Infinity,
  inf: Infinity,
  NaN,
  nan: NaN,
};

const isPlain = (value: unknown): value is number | boolean =>
  typeof value === 'number' || typeof value === 'boolean';

/** A numeral between tensors, numbers and booleans. */
function applyBinary({ name, plain }: Binary, a: unknown, b: unknown): unknown {
  return isPlain(a) && isPlain(b) ? plain(Number(a), Number(b)) : operators[name](a, b);
}

/** Gaps are named `$0`, `$1`, ... in the text that is parsed. */
const gapName = /^\$(\d+)$/;

/** What acorn gave, as nested functions; whatever has no meaning here is refused by name. */
function translate(node: Expression | SpreadElement | Super, text: string): Evaluate {
  const refuse = (): never => {
    throw new ValueError(
      `expr: ${node.type} at '${text.slice(node.start, node.end)}' is not part of the notation`,
    );
  };
  switch (node.type) {
    case 'Literal': {
      const { value } = node;
      return typeof value === 'bigint' || value instanceof RegExp ? refuse() : () => value;
    }
    case 'Identifier': {
      const gap = gapName.exec(node.name);
      if (gap) return (values) => values[Number(gap[1])];
      if (!Object.hasOwn(constants, node.name))
        throw new ValueError(`expr: name '${node.name}' is not defined`);
      const value = constants[node.name];
      return () => value;
    }
    case 'UnaryExpression': {
      if (!Object.hasOwn(unaries, node.operator)) return refuse();
      const { name, plain } = unaries[node.operator];
      const x = translate(node.argument, text);
      return (values) => {
        const a = x(values);
        return isPlain(a) ? plain(Number(a)) : operators[name](a);
      };
    }
    case 'BinaryExpression':
    case 'LogicalExpression': {
      if (!Object.hasOwn(binaries, node.operator) || node.left.type === 'PrivateIdentifier') return refuse();
      const operator = binaries[node.operator];
      const [a, b] = [translate(node.left, text), translate(node.right, text)];
      return (values) => applyBinary(operator, a(values), b(values));
    }
    case 'ConditionalExpression': {
      const [test, a, b] = [node.test, node.consequent, node.alternate].map((part) => translate(part, text));
      return (values) => {
        const condition = test(values);
        return isPlain(condition)
          ? (condition ? a : b)(values)
          : operators.where(condition, a(values), b(values));
      };
    }
    case 'ArrayExpression': {
      const items = node.elements.map((item) => (item === null ? refuse() : translate(item, text)));
      return (values) => items.map((item) => item(values));
    }
    case 'ObjectExpression': {
      const entries = node.properties.map((p) => entryOf(p, text, refuse));
      return (values) => Object.fromEntries(entries.map(([key, value]) => [key, value(values)]));
    }
    case 'CallExpression':
      return translateCall(node, text, refuse);
    case 'MemberExpression': {
      const name = propertyName(node, refuse);
      if (name !== 'T' && name !== 'mT') return refuse();
      const x = translate(node.object, text);
      return (values) => tensorOf(x(values), name)[name];
    }
    case 'ParenthesizedExpression':
      return translate(node.expression, text);
    default:
      return refuse();
  }
}

function entryOf(
  p: Property | SpreadElement,
  text: string,
  refuse: () => never,
): readonly [string, Evaluate] {
  if (p.type !== 'Property' || p.computed || p.key.type !== 'Identifier') return refuse();
  return [p.key.name, translate(p.value, text)];
}

type Member = Extract<Expression, { type: 'MemberExpression' }>;
type CallNode = Extract<Expression, { type: 'CallExpression' }>;

const propertyName = ({ property, computed }: Member, refuse: () => never): string =>
  computed || property.type !== 'Identifier' ? refuse() : property.name;

function tensorOf(value: unknown, name: string): Tensor {
  if (!isTensor(value)) throw new ValueError(`expr: .${name} of ${describeValue(value)}, which is no tensor`);
  return value;
}

/** f(x) calls an operator, x.f() a method of a tensor. */
function translateCall(node: CallNode, text: string, refuse: () => never): Evaluate {
  const args = node.arguments.map((a) => translate(a, text));
  const { callee } = node;
  if (callee.type === 'Identifier') {
    const { name } = callee;
    if (!Object.hasOwn(operators, name)) throw new ValueError(`expr: there is no operator '${name}'`);
    return (values) => operators[name](...args.map((a) => liftNumber(a(values), args.length)));
  }
  if (callee.type !== 'MemberExpression') return refuse();
  const name = propertyName(callee, refuse);
  const method = (Tensor.prototype as unknown as Readonly<Record<string, unknown>>)[name];
  if (typeof method !== 'function' || name === 'constructor')
    throw new ValueError(`expr: tensors have no method '${name}'`);
  const x = translate(callee.object, text);
  return (values) =>
    (method as Call).apply(
      tensorOf(x(values), name),
      args.map((a) => a(values)),
    );
}

/** exp(2) is a number's: functions of one argument take a scalar tensor. */
const liftNumber = (value: unknown, count: number): unknown =>
  count === 1 && isPlain(value) ? tensor(value) : value;

const known = new WeakMap<TemplateStringsArray, Evaluate>();

function compileTemplate(strings: TemplateStringsArray): Evaluate {
  const text = strings.raw.reduce((sum, part, i) => (i === 0 ? part : `${sum}$${i - 1}${part}`), '');
  let node: Expression;
  try {
    node = parseExpressionAt(text, 0, { ecmaVersion: 2022 });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ValueError(`expr: ${error.message} in '${text.trim()}'`);
  }
  const rest = text.slice(node.end).trim();
  if (rest !== '') throw new ValueError(`expr: unexpected '${rest}' in '${text.trim()}'`);
  return translate(node, text);
}

/** The tensor of an expression in operator notation. */
export function expr(strings: TemplateStringsArray, ...values: readonly unknown[]): Tensor {
  return publicCall('expr', () => {
    let evaluate = known.get(strings);
    if (evaluate === undefined) known.set(strings, (evaluate = compileTemplate(strings)));
    const result = evaluate(values);
    if (isTensor(result)) return result;
    if (isPlain(result)) return tensor(result);
    throw new ValueError(`expr: the result is no tensor, but ${describeValue(result)}`);
  });
}
