// Pointwise operators against real PyTorch. In: test/fixtures (its answers, see the `meta` there). What is compared: values,
// gradients, gradients of gradients and the names of backward nodes, in float64; values and gradients at odd points in float32.

import test from 'ava';
import * as activation from '../ops/activation.ts';
import * as binary from '../ops/binary.ts';
import * as compare from '../ops/compare.ts';
import { constant } from '../ops/source.ts';
import * as select from '../ops/select.ts';
import * as special from '../ops/special.ts';
import * as unary from '../ops/unary.ts';
import type { Node } from '../compiler/node.ts';
import { checkCase, checkConvention, conventions, opCases } from './helpers/oracle.ts';
import type { Nested } from './helpers/oracle.ts';

type Attrs = Readonly<Record<string, number & string>>;
type Build = (x: readonly Node[], a: Attrs, c: Readonly<Record<string, Node>>) => Node;

const one =
  (f: (x: Node) => Node): Build =>
  ([x]) =>
    f(x);
/** The helper tells a pair of operands from a vector by the second parameter. */
const two =
  (f: (x: Node, y: Node) => Node): Build =>
  ([x, y], _) =>
    f(x, y);

const unaryNames = [
  ...[
    'abs',
    'acos',
    'acosh',
    'asin',
    'asinh',
    'atan',
    'atanh',
    'ceil',
    'cos',
    'cosh',
    'deg2rad',
    'exp',
    'exp2',
    'expm1',
  ],
  ...[
    'floor',
    'frac',
    'log',
    'log10',
    'log1p',
    'log2',
    'logit',
    'neg',
    'positive',
    'rad2deg',
    'reciprocal',
    'round',
    'rsqrt',
  ],
  ...['sgn', 'sigmoid', 'sign', 'sin', 'sinh', 'sqrt', 'square', 'tan', 'tanh', 'trunc', 'clone'],
] as const;
const specialNames = ['digamma', 'erf', 'erfc', 'erfinv', 'lgamma', 'sinc', 'i0'] as const;
const activationNames = [
  'logsigmoid',
  'mish',
  'relu',
  'relu6',
  'selu',
  'silu',
  'softsign',
  'tanhshrink',
  'hardswish',
  'hardsigmoid',
] as const;
const binaryNames = [
  ...[
    'mul',
    'pow',
    'maximum',
    'minimum',
    'fmax',
    'fmin',
    'atan2',
    'hypot',
    'fmod',
    'remainder',
    'logaddexp',
    'logaddexp2',
  ],
  ...['xlogy', 'copysign', 'ldexp'],
] as const;

const table: Readonly<Record<string, Build>> = {
  ...Object.fromEntries(unaryNames.map((name) => [name, one((x) => unary[name as 'exp'](x))])),
  ...Object.fromEntries(specialNames.map((name) => [name, one(special[name])])),
  ...Object.fromEntries(activationNames.map((name) => [name, one(activation[name])])),
  ...Object.fromEntries(binaryNames.map((name) => [name, two((x, y) => binary[name as 'mul'](x, y))])),
  'special.ndtr': one(special.ndtr),
  'special.log_ndtr': one(special.logNdtr),
  'special.ndtri': one(special.ndtri),
  'special.entr': one(special.entr),
  'special.erfcx': one(special.erfcx),
  'special.xlog1py': two(special.xlog1py),
  nan_to_num: one(unary.nanToNum),
  celu: ([x], { alpha }) => activation.celu(x, { alpha }),
  elu: ([x], { alpha }) => activation.elu(x, { alpha }),
  gelu: ([x], { approximate }) => activation.gelu(x, { approximate: approximate as 'tanh' | undefined }),
  hardshrink: ([x], { lambd }) => activation.hardshrink(x, { lambd }),
  softshrink: ([x], { lambd }) => activation.softshrink(x, { lambd }),
  hardtanh: ([x], a) => activation.hardtanh(x, { minVal: a.min_val, maxVal: a.max_val }),
  leaky_relu: ([x], a) => activation.leakyRelu(x, { negativeSlope: a.negative_slope }),
  softplus: ([x], { beta, threshold }) => activation.softplus(x, { beta, threshold }),
  threshold: ([x], a) => activation.threshold(x, a.threshold, a.value),
  prelu: two(activation.prelu),
  add: ([x, y], { alpha }) => binary.add(x, y, { alpha }),
  sub: ([x, y], { alpha }) => binary.sub(x, y, { alpha }),
  rsub: ([x, y], { alpha }) => binary.rsub(x, y, { alpha }),
  div: ([x, y], a) => binary.div(x, y, { roundingMode: a.rounding_mode as 'floor' | undefined }),
  float_power: two(binary.floatPower),
  pow_scalar: ([x], { exponent }) => binary.pow(x, exponent),
  rpow_scalar: ([x], { base }) => binary.pow(base, x),
  mul_scalar: ([x], { other }) => binary.mul(x, other),
  div_scalar: ([x], { other }) => binary.div(x, other),
  rdiv_scalar: ([x], { other }) => binary.div(other, x),
  rsub_scalar: ([x], { other }) => binary.rsub(x, other),
  clamp: ([x], { min, max }) => select.clamp(x, min ?? null, max ?? null),
  clamp_tensor: ([x, min, max]) => select.clamp(x, min, max),
  lerp: ([x, end, weight]) => binary.lerp(x, end, weight),
  lerp_scalar: ([x, end], { weight }) => binary.lerp(x, end, weight),
  addcmul: ([x, y, z], { value }) => binary.addcmul(x, y, z, { value }),
  addcdiv: ([x, y, z], { value }) => binary.addcdiv(x, y, z, { value }),
  where: ([x, y], _, { condition }) => select.where(condition, x, y),
  masked_fill: ([x], { value }, { mask }) => select.maskedFill(x, mask, value),
};

for (const c of opCases()) {
  const build = table[c.op.replace(/ broadcast$/, '')];
  if (!build) continue;
  const shapes = c.inputs.map((i) => `[${i.shape.join(', ')}]`).join(' ');
  test(`${c.op} ${c.attrs ? `${JSON.stringify(c.attrs)} ` : ''}of ${shapes} agrees with PyTorch`, (t) => {
    t.deepEqual(checkCase(c, build), []);
  });
}

/** Builds from one node; for pairs from two scalar nodes. */
const atPoint: Readonly<Record<string, Build>> = {
  ...table,
  'clamp(-1,1)': one((x) => select.clamp(x, -1, 1)),
  'clamp_min(0)': one((x) => select.clampMin(x, 0)),
  'clamp_max(0)': one((x) => select.clampMax(x, 0)),
  'clamp(2,1) min>max': one((x) => select.clamp(x, 2, 1)),
  'threshold(0,5)': one((x) => activation.threshold(x, 0, 5)),
  'leaky_relu(.1)': one((x) => activation.leakyRelu(x, { negativeSlope: 0.1 })),
  gelu: one((x) => activation.gelu(x)),
  gelu_tanh: one((x) => activation.gelu(x, { approximate: 'tanh' })),
  'rrelu eval': one((x) => activation.rrelu(x)),
  prelu: one((x) => activation.prelu(x, constant(0.25, x.type.dtype, [1]))),
  ...Object.fromEntries(
    [0, 1, 2, 3, -1, 0.5, 1.5].map((e) => [`pow(x,${e === 0.5 ? '.5' : e})`, one((x) => binary.pow(x, e))]),
  ),
  ...Object.fromEntries([2, 0, -2].map((b) => [`pow(${b},x)`, one((x) => binary.pow(b, x))])),
  'pow(x,y)': two(binary.pow),
  'max(a,b)': two(binary.maximum),
  floor_divide: two(binary.floorDivide),
  div_trunc: two((x, y) => binary.div(x, y, { roundingMode: 'trunc' })),
  'where(cond)': two((x, y) => select.where(compare.gt(x, 0), x, y)),
  'lerp(.3)': two((x, y) => binary.lerp(x, y, 0.3)),
  where_nan_trap: one((x) => select.where(compare.gt(x, 0), unary.sqrt(x), 0)),
  where_log_trap: one((x) => select.where(compare.gt(x, 0), unary.log(x), 0)),
  mul_by_zero_inf: one((x) => binary.mul(unary.sqrt(x), 0)),
  masked_fill: one((x) => select.maskedFill(unary.sqrt(x), compare.eq(x, 0), 0)),
  'logit eps': one((x) => unary.logit(x, { eps: 0.1 })),
  angle: one(unary.angle),
  'x/x': one((x) => binary.div(x, x)),
};
/** Where we follow newer releases than the fixtures (their `remark` says so). */
const newer: Readonly<Record<string, Nested>> = { 'atan2 [0,0]': [0, 0], 'prelu [0,-1]': [1, 0.25] };

/** Where the answer is that of float32's range. */
const float32Only = new Set(['exp 100', 'nan_to_num ["nan","inf",1]']);

for (const dtype of ['float32', 'float64'] as const)
  for (const c of conventions()) {
    const build = atPoint[c.op];
    const point = `${c.op} ${JSON.stringify(c.x)}`;
    if (!build || (dtype === 'float64' && float32Only.has(point))) continue;
    test(`${point} has PyTorch's value and gradient in ${dtype}`, (t) => {
      t.deepEqual(checkConvention({ ...c, grad: newer[point] ?? c.grad }, build, dtype), []);
    });
  }
