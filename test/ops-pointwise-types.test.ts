// Pointwise operators beyond the vectors of PyTorch: result dtypes, integers and booleans, errors, what backward keeps, and that a
// backward shares its transcendentals with the forward.

import test from 'ava';
import { differentiate } from '../compiler/differentiate.ts';
import type { DType } from '../compiler/dtype.ts';
import { AutogradError, DTypeError, ShapeError, ValueError } from '../compiler/errors.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import { primitives } from '../compiler/scalar.ts';
import type { Scalar } from '../compiler/scalar.ts';
import { simplify } from '../compiler/simplify.ts';
import * as activation from '../ops/activation.ts';
import * as binary from '../ops/binary.ts';
import * as bitwise from '../ops/bitwise.ts';
import { cast } from '../ops/cast.ts';
import * as compare from '../ops/compare.ts';
import * as select from '../ops/select.ts';
import { constant, input } from '../ops/source.ts';
import * as special from '../ops/special.ts';
import * as unary from '../ops/unary.ts';
import { rules as unaryRules } from '../ops/unary-rules.ts';
import { expand } from '../ops/view.ts';
import { valueOf } from './helpers/evaluate.ts';

const { add, mul } = binary;

const vector = (dtype: DType, size = 3): Node => input({ shape: [size], dtype });
const of = (dtype: DType, ...values: number[]): { x: Node; values: number[] } => ({
  x: vector(dtype, values.length),
  values,
});

/** The values of a function of one or two vectors of a dtype. */
function run(f: (x: Node, y: Node) => Node, dtype: DType, xs: number[], ys: number[] = xs): number[] {
  const [x, y] = [of(dtype, ...xs), of(dtype, ...ys)];
  return valueOf(f(x.x, y.x), [
    [x.x, x.values],
    [y.x, y.values],
  ]);
}

const dtypeCases: readonly [string, Node, DType][] = [
  ['int32 * 2', mul(vector('int32'), 2), 'int32'],
  ['int32 * 2.5', mul(vector('int32'), 2.5), 'float32'],
  ['int32 / int32', binary.div(vector('int32'), vector('int32')), 'float32'],
  [
    'floor of int32 / int32',
    binary.div(vector('int32'), vector('int32'), { roundingMode: 'floor' }),
    'int32',
  ],
  [
    'float32 vector + float64 scalar',
    add(vector('float32'), input({ shape: [], dtype: 'float64' })),
    'float32',
  ],
  ['float32 + float64', add(vector('float32'), vector('float64')), 'float64'],
  ['bool + bool', add(vector('bool'), vector('bool')), 'bool'],
  ['uint8 + int32', add(vector('uint8'), vector('int32')), 'int32'],
  ['sqrt of int32', unary.sqrt(vector('int32')), 'float32'],
  ['abs of int32', unary.abs(vector('int32')), 'int32'],
  ['int32 < 1.5', compare.lt(vector('int32'), 1.5), 'bool'],
  ['clamp of int32 by 0.5', select.clamp(vector('int32'), 0.5), 'float32'],
  ['clamp of int32 by 0', select.clamp(vector('int32'), { min: 0 }), 'int32'],
  ['where of float32 and 1', select.where(vector('bool'), vector('float32'), 1), 'float32'],
  ['float32 to the 3.0 in float64', binary.floatPower(vector('float32'), 3), 'float64'],
  ['int32 ** 2', binary.pow(vector('int32'), 2), 'int32'],
  ['gelu of float64', activation.gelu(vector('float64')), 'float64'],
  ['dropout of float32', activation.applyDropout(vector('float32'), vector('bool'), 0.5), 'float32'],
];
for (const [name, n, dtype] of dtypeCases)
  test(`${name} is ${dtype}`, (t) => {
    t.is(n.type.dtype, dtype);
  });

test('products and powers of int32 wrap as in C', (t) => {
  t.deepEqual(run(mul, 'int32', [123456789, -5, 65537], [987654321, 7, 65537]), [-67153019, -35, 131073]);
  t.deepEqual(
    run((x) => binary.pow(x, 2), 'int32', [123456789, -3, 65536]),
    [-1757895751, 9, 0],
  );
  t.deepEqual(
    run((x) => binary.pow(x, 5), 'int32', [1000]),
    [-1530494976],
  );
});

test('uint8 wraps at 256, booleans add to true', (t) => {
  t.deepEqual(run(add, 'uint8', [200, 1], [100, 2]), [44, 3]);
  t.deepEqual(
    run((x) => unary.neg(x), 'uint8', [1, 0]),
    [255, 0],
  );
  t.deepEqual(run(add, 'bool', [1, 1, 0], [1, 0, 0]), [1, 1, 0]);
  t.deepEqual(run(mul, 'bool', [1, 1, 0], [1, 0, 0]), [1, 0, 0]);
});

test('casts truncate to integers and test against zero for bool', (t) => {
  t.deepEqual(
    run((x) => cast(x, 'int32'), 'float64', [-1.9, 1.9, 2]),
    [-1, 1, 2],
  );
  t.deepEqual(
    run((x) => cast(x, 'bool'), 'float64', [0, -0, NaN, 0.1]),
    [0, 0, 1, 1],
  );
  t.deepEqual(
    run((x) => cast(x, 'float32'), 'float64', [0.1]),
    [Math.fround(0.1)],
  );
});

test('a float64 gradient of a float32 operand comes back as float32', (t) => {
  const x = vector('float32', 2);
  const [g] = differentiate([mul(cast(x, 'float64'), 3)], [constant(1, 'float64', [2])], [x], add);
  t.is(g!.type.dtype, 'float32');
  t.deepEqual(valueOf(g!, [[x, [1, 2]]]), [3, 3]);
});

test('floor division and remainders go down, fmod and trunc towards 0', (t) => {
  const [xs, ys] = [
    [7, -7, 7, -7],
    [2, 2, -2, -2],
  ];
  for (const dtype of ['int32', 'float64'] as const) {
    t.deepEqual(run(binary.floorDivide, dtype, xs, ys), [3, -4, -4, 3]);
    t.deepEqual(run(binary.remainder, dtype, xs, ys), [1, 1, -1, -1]);
    t.deepEqual(run(binary.fmod, dtype, xs, ys), [1, -1, 1, -1]);
    t.deepEqual(
      run((x, y) => binary.div(x, y, { roundingMode: 'trunc' }), dtype, xs, ys),
      [3, -3, -3, 3],
    );
  }
  t.deepEqual(run(binary.floorDivide, 'float64', [1, -1, 0, 1], [0, 0, 0, 0.1]), [
    Infinity,
    -Infinity,
    NaN,
    9,
  ]);
});

test('logic takes every dtype and counts NaN as true', (t) => {
  t.deepEqual(run(compare.logicalAnd, 'float64', [NaN, 0, 2], [1, 1, 0]), [1, 0, 0]);
  t.deepEqual(run(compare.logicalOr, 'float64', [NaN, 0, 0], [0, -0, 3]), [1, 0, 1]);
  t.deepEqual(run(compare.logicalXor, 'int32', [5, 5, 0], [3, 0, 0]), [0, 1, 0]);
  t.deepEqual(
    run((x) => compare.logicalNot(x), 'float64', [NaN, 0, 2]),
    [0, 1, 0],
  );
});

test('bit operations work on integers and booleans', (t) => {
  t.deepEqual(run(bitwise.bitwiseAnd, 'int32', [12, -1], [10, 255]), [8, 255]);
  t.deepEqual(run(bitwise.bitwiseXor, 'bool', [1, 1, 0], [1, 0, 0]), [0, 1, 0]);
  t.deepEqual(
    run((x) => bitwise.bitwiseNot(x), 'uint8', [0, 200]),
    [255, 55],
  );
  t.deepEqual(
    run((x) => bitwise.bitwiseNot(x), 'bool', [0, 1]),
    [1, 0],
  );
  t.deepEqual(run(bitwise.bitwiseLeftShift, 'int32', [1, 1, 1], [4, 32, -1]), [16, 0, 0]);
  t.deepEqual(run(bitwise.bitwiseRightShift, 'int32', [-16, -16, 16], [2, 40, 40]), [-4, -1, 0]);
});

test('isclose compares with both tolerances, NaN only on request', (t) => {
  t.deepEqual(
    run(compare.isclose, 'float64', [1, 1, NaN, Infinity], [1 + 1e-6, 1.1, NaN, Infinity]),
    [1, 0, 0, 1],
  );
  t.deepEqual(
    run((x, y) => compare.isclose(x, y, { equalNan: true }), 'float64', [NaN, Infinity], [NaN, 0]),
    [1, 0],
  );
});

test('signs of zero are those of C', (t) => {
  t.deepEqual(
    run((x) => activation.relu(x), 'float64', [-0, 0]),
    [-0, 0],
  );
  t.deepEqual(
    run((x) => unary.round(x), 'float64', [-0.5, -0, 2.5, 3.5]),
    [-0, -0, 2, 4],
  );
  t.deepEqual(
    run((x) => compare.signbit(x), 'float64', [-0, 0, -1]),
    [1, 0, 1],
  );
  t.deepEqual(
    run((x) => binary.copysign(x, -0), 'float64', [2, -3]),
    [-2, -3],
  );
});

test('round takes decimals on both sides of the point', (t) => {
  t.deepEqual(
    run((x) => unary.round(x, { decimals: 2 }), 'float64', [1.235, -2.345]),
    [1.24, -2.35],
  );
  t.deepEqual(
    run((x) => unary.round(x, { decimals: -2 }), 'float64', [1250, 1350]),
    [1200, 1400],
  );
});

test('heaviside takes its second operand at zero and has no derivative', (t) => {
  t.deepEqual(
    run((x) => binary.heaviside(x, 0.5), 'float64', [-1, 0, 2, NaN]),
    [0, 0.5, 1, 0],
  );
  const x = vector('float64');
  const y = binary.heaviside(x, 0.5);
  const error = t.throws(() => differentiate([y], [y], [x], add), { instanceOf: AutogradError });
  t.is(error.message, "the derivative for 'heaviside' is not implemented.");
});

test('the stable forms hold where the naive ones overflow', (t) => {
  t.deepEqual(
    run((x) => activation.softplus(x), 'float64', [1000, -1000]),
    [1000, 0],
  );
  t.deepEqual(
    run((x) => activation.logsigmoid(x), 'float64', [-1000, 1000]),
    [-1000, 0],
  );
  t.deepEqual(run(binary.logaddexp, 'float64', [1000, -Infinity, Infinity], [1000, -Infinity, Infinity]), [
    1000 + Math.LN2,
    -Infinity,
    Infinity,
  ]);
  t.deepEqual(
    run((x) => activation.mish(x), 'float64', [1000, -1000]),
    [1000, -0],
  );
  t.true(Math.abs(run((x) => special.logNdtr(x), 'float64', [-40])[0] + 804.608442013754) < 1e-9);
});

test('second derivatives of saturated activations are zero, not NaN', (t) => {
  for (const f of [
    activation.elu,
    activation.softplus,
    activation.mish,
    activation.silu,
    activation.logsigmoid,
    activation.gelu,
  ]) {
    const x = input({ shape: [1], dtype: 'float64' });
    const one = constant(1, 'float64', [1]);
    const [first] = differentiate([f(x)], [one], [x], add);
    const [second] = differentiate([first!], [one], [x], add);
    for (const at of [800, -800]) t.deepEqual(valueOf(second!, [[x, [at]]]).map(Math.abs), [0]);
  }
});

test('dropout scales what it keeps and works with p = 1', (t) => {
  const x = of('float64', 1, 2, 3);
  const mask = of('bool', 1, 0, 1);
  const bindings = [
    [x.x, x.values],
    [mask.x, mask.values],
  ] as const;
  t.deepEqual(valueOf(activation.applyDropout(x.x, mask.x, 0.5), bindings), [2, 0, 6]);
  t.deepEqual(valueOf(activation.applyDropout(x.x, constant(0, 'bool'), 1), [[x.x, x.values]]), [0, 0, 0]);
});

const x = vector('float64');
const ints = vector('int32');
const bools = vector('bool');
const errors: readonly [string, () => Node, new (...args: never[]) => Error, string][] = [
  [
    'neg of bool',
    () => unary.neg(bools),
    DTypeError,
    'Negation, the `-` operator, on a bool tensor is not supported.',
  ],
  [
    'bool - bool',
    () => binary.sub(bools, bools),
    DTypeError,
    'Subtraction, the `-` operator, with two bool tensors is not supported.',
  ],
  [
    'int ** -1',
    () => binary.pow(ints, -1),
    DTypeError,
    'Integers to negative integer powers are not allowed.',
  ],
  [
    'where of a float condition',
    () => select.where(x, x, x),
    DTypeError,
    'where expected condition to be a boolean tensor, but got a tensor with dtype Double',
  ],
  [
    'clamp without bounds',
    () => select.clamp(x),
    ValueError,
    "torch.clamp: At least one of 'min' or 'max' must not be None",
  ],
  [
    'a float in bit operations',
    () => bitwise.bitwiseAnd(x, x),
    DTypeError,
    '"bitwise_and_cpu" not implemented for \'Double\'',
  ],
  [
    'an unknown rounding mode',
    () => binary.div(x, x, { roundingMode: 'up' as 'floor' }),
    ValueError,
    "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found 'up'",
  ],
  [
    'prelu with two weights for three channels',
    () => activation.prelu(input({ shape: [1, 3], dtype: 'float64' }), vector('float64', 2)),
    ShapeError,
    'Mismatch of parameter numbers and input channel size.',
  ],
  [
    'shapes that do not broadcast',
    () => add(vector('float64', 3), vector('float64', 2)),
    ShapeError,
    'The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0',
  ],
  ['isclose of two dtypes', () => compare.isclose(x, ints), DTypeError, 'Double did not match Int'],
  [
    'polygamma of negative order',
    () => special.polygamma(-1, x),
    ValueError,
    'polygamma(n, x) does not support negative n.',
  ],
];
for (const [name, make, instanceOf, message] of errors)
  test(`${name} is refused in PyTorch's words`, (t) => {
    const error = t.throws(make, { instanceOf });
    t.true(error.message.startsWith(message), error.message);
  });

const kept: readonly [string, Node, readonly boolean[], object][] = [
  ['x + y', add(x, x), [true, true], {}],
  ['x * 3', mul(x, 3), [true, false], { other: 1 }],
  ['x * y', mul(x, vector('float64')), [true, true], { self: 0, other: 1 }],
  ['x / 3', binary.div(x, 3), [true, false], { other: 1 }],
  ['exp', unary.exp(x), [true], { result: 'output' }],
  ['log', unary.log(x), [true], { self: 0 }],
  ['relu', activation.relu(x), [true], { result: 'output' }],
  ['x ** y for y', binary.pow(2, x), [false, true], { self: 0, exponent: 1, result: 'output' }],
  ['x ** 2', binary.pow(x, 2), [true], { self: 0 }],
  ['where', select.where(bools, x, x), [false, true, true], { condition: 0 }],
];
for (const [name, n, wants, expected] of kept)
  test(`backward of ${name} keeps ${JSON.stringify(expected)}`, (t) => {
    t.deepEqual(n.op.saves?.(n, wants) ?? {}, expected);
  });

/** How many functions of price 8 or more a graph evaluates per element. */
function transcendentals(outputs: readonly Node[], inputs: readonly Node[]): number {
  const graph = simplify(makeGraph(inputs, outputs), {
    rules: unaryRules,
    makeConstant: (value, { shape, dtype }) => constant(value, dtype, shape),
    makeExpand: expand,
  });
  const count = (e: Scalar): number =>
    e.tag === 'prim'
      ? e.args.reduce((n, a) => n + count(a), primitives[e.prim].cost >= 8 ? 1 : 0)
      : e.tag === 'cast'
        ? count(e.arg)
        : 0;
  return graph.nodes.reduce((n, m) => {
    const meaning = m.op.meaning(m);
    return n + (meaning.tag === 'map' ? count(meaning.expr) : 0);
  }, 0);
}

/** How many transcendentals value and gradient together may evaluate. */
const budget: readonly [string, (x: Node) => Node, number][] = [
  ['exp', unary.exp, 1],
  ['tanh', unary.tanh, 1],
  ['sigmoid', unary.sigmoid, 1],
  ['sqrt', unary.sqrt, 0],
  ['relu', activation.relu, 0],
  ['silu', activation.silu, 1],
  ['softplus', activation.softplus, 2],
  ['logsigmoid', activation.logsigmoid, 2],
  ['mish', activation.mish, 1],
  ['gelu', activation.gelu, 2],
  ['gelu by tanh', (z) => activation.gelu(z, { approximate: 'tanh' }), 1],
  ['erfinv', special.erfinv, 2],
  ['sinc', special.sinc, 2],
  ['log(sigmoid(x))', (z) => unary.log(unary.sigmoid(z)), 3],
  ['x ** 3', (z) => binary.pow(z, 3), 0],
  ['x ** 0.5', (z) => binary.pow(z, 0.5), 0],
];
for (const [name, f, most] of budget)
  test(`${name} and its gradient evaluate ${most} transcendentals`, (t) => {
    const z = vector('float64');
    const y = f(z);
    const gradients = differentiate([y], [constant(1, 'float64', [3])], [z], add);
    t.is(transcendentals([y, gradients[0]!], [z]), most);
  });
