// Pointwise operators for random graphs.

import { broadcastShapes } from '../../../compiler/shape.ts';
import * as activation from '../../../ops/activation.ts';
import * as smoothActivation from '../../../ops/activation-smooth.ts';
import * as extremes from '../../../ops/binary-extreme.ts';
import * as mixed from '../../../ops/binary-mixed.ts';
import { pow } from '../../../ops/binary-power.ts';
import { add, div, mul, sub } from '../../../ops/binary.ts';
import * as compare from '../../../ops/compare.ts';
import * as selectOps from '../../../ops/select.ts';
import { clamp } from '../../../ops/select-clamp.ts';
import * as special from '../../../ops/special.ts';
import * as round from '../../../ops/unary-round.ts';
import * as trig from '../../../ops/unary-trig.ts';
import * as unaryOps from '../../../ops/unary.ts';
import { above, between, binary, compatible, condition, entry, off, unary, within } from './operands.ts';
import type { Entry } from './operands.ts';

export const pointwise: readonly Entry[] = [
  unary('neg', unaryOps.neg),
  unary('abs', unaryOps.abs, off(0)),
  unary('exp', unaryOps.exp, within(-30, 3)),
  unary('exp2', unaryOps.exp2, within(-30, 4)),
  unary('expm1', unaryOps.expm1, within(-30, 3)),
  unary('log', unaryOps.log, above(0.1)),
  unary('log2', unaryOps.log2, above(0.1)),
  unary('log1p', unaryOps.log1p, above(-0.8)),
  unary('sqrt', unaryOps.sqrt, above(0.1)),
  unary('rsqrt', unaryOps.rsqrt, above(0.2)),
  unary('reciprocal', unaryOps.reciprocal, (v) => Math.abs(v) > 0.3),
  unary('square', unaryOps.square),
  unary('sin', trig.sin),
  unary('cos', trig.cos),
  unary('atan', trig.atan),
  unary('asin', trig.asin, within(-0.9, 0.9)),
  unary('sinh', trig.sinh, within(-3, 3)),
  unary('tanh', trig.tanh),
  unary('asinh', trig.asinh),
  unary('sigmoid', trig.sigmoid),
  unary('erf', special.erf),
  unary('lgamma', special.lgamma, within(0.3, 10)),
  unary('relu', activation.relu, off(0)),
  unary('leakyRelu', activation.leakyRelu, off(0)),
  unary('hardtanh', activation.hardtanh, off(-1, 1)),
  unary('hardswish', activation.hardswish, off(-3, 3)),
  unary('gelu', smoothActivation.gelu),
  unary('silu', smoothActivation.silu),
  unary('elu', smoothActivation.elu, off(0)),
  unary('softplus', smoothActivation.softplus, within(-19, 19)),
  unary('floor', round.floor, between(0)),
  unary('round', round.round, between(0.5)),
  unary('clamp', (x) => clamp(x, -0.5, 1), off(-0.5, 1)),
  unary('pow 3', (x) => pow(x, 3), within(-4, 4)),
  unary('pow 0.5', (x) => pow(x, 0.5), above(0.2)),
  unary('times 2', (x) => mul(x, 2)),
  unary('plus 1', (x) => add(x, 1)),
  unary('1 minus', (x) => sub(1, x)),
  unary('times 0', (x) => mul(x, 0)),
  unary('times 1', (x) => mul(x, 1)),
  binary('add', add),
  binary('sub', sub),
  binary('mul', mul),
  binary('div', div, { second: (v) => Math.abs(v) > 0.3 }),
  binary('pow', pow, { first: within(0.3, 3), second: within(-3, 3) }),
  binary('maximum', extremes.maximum, { difference: off(0) }),
  binary('minimum', extremes.minimum, { difference: off(0) }),
  binary('hypot', mixed.hypot, { first: off(0), second: off(0) }),
  binary('atan2', mixed.atan2, { first: off(0), second: (v) => Math.abs(v) > 0.2 }),
  binary('logaddexp', mixed.logaddexp),
  binary('lt', compare.lt, { difference: off(0) }),
  binary('ge', compare.ge, { difference: off(0) }),
  entry('logicalNot', (pool) => {
    const c = pool.condition();
    return c && compare.logicalNot(c);
  }),
  entry('where', (pool) => {
    const c = condition(pool);
    const x = c && pool.float((shape) => compatible(c.type.shape, shape));
    if (!c || !x) return null;
    const joint = broadcastShapes(c.type.shape, x.type.shape);
    const y = pool.float((shape) => compatible(joint, shape));
    return y && (pool.random.chance(0.3) ? selectOps.where(c, x, 0.5) : selectOps.where(c, x, y));
  }),
  entry('maskedFill', (pool) => {
    const c = condition(pool);
    const x = c && pool.float((shape) => compatible(c.type.shape, shape));
    return c && x && selectOps.maskedFill(x, c, -1);
  }),
];
