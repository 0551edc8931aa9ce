// The operators that random graphs are made of. In: a pool of values. Out: a node, or null if nothing in the pool fits. One line
// per operator: a family's helper, the function, and where its operands may lie. Guards keep floats away from poles (log at 0)
// and from kinks (abs at 0), because there neither finite differences nor another order of rounding tell right from wrong.

import type { Node } from '../../compiler/node.ts';
import type { Shape } from '../../compiler/shape.ts';
import { broadcastShapes, numel } from '../../compiler/shape.ts';
import * as activation from '../../ops/activation.ts';
import * as smoothActivation from '../../ops/activation-smooth.ts';
import * as arrange from '../../ops/arrange.ts';
import * as mixed from '../../ops/binary-mixed.ts';
import * as extremes from '../../ops/binary-extreme.ts';
import { pow } from '../../ops/binary-power.ts';
import * as binaryOps from '../../ops/binary.ts';
import * as compare from '../../ops/compare.ts';
import * as diagonals from '../../ops/diagonal.ts';
import * as join from '../../ops/join.ts';
import * as products from '../../ops/matmul.ts';
import { pad } from '../../ops/pad.ts';
import * as reduceOps from '../../ops/reduce.ts';
import * as scan from '../../ops/scan.ts';
import * as selectOps from '../../ops/select.ts';
import * as slices from '../../ops/slice.ts';
import * as special from '../../ops/special.ts';
import * as round from '../../ops/unary-round.ts';
import * as trig from '../../ops/unary-trig.ts';
import * as unaryOps from '../../ops/unary.ts';
import * as views from '../../ops/view.ts';
import type { Pool } from './randomGraph.ts';

export interface Entry {
  readonly name: string;
  /** Its gradient can be held against finite differences. */
  readonly smooth: boolean;
  readonly make: (pool: Pool) => Node | null;
}

const entry = (name: string, make: Entry['make'], smooth = true): Entry => ({ name, make, smooth });

/** Where an operand may lie. */
type Guard = (value: number) => boolean;
const margin = 0.03;
const anywhere: Guard = () => true;
const off =
  (...places: number[]): Guard =>
  (v) =>
    places.every((p) => Math.abs(v - p) > margin);
const above =
  (low: number): Guard =>
  (v) =>
    v > low;
const within =
  (low: number, high: number): Guard =>
  (v) =>
    v > low && v < high;
/** Away from the steps of a function that is constant between them. */
const between =
  (offset: number): Guard =>
  (v) => {
    const part = (v + offset) % 1;
    return Math.abs(part - Math.round(part)) > margin;
  };

const fits = (pool: Pool, x: Node, guard: Guard): boolean => pool.valuesOf(x).every(guard);

const unary = (name: string, f: (x: Node) => Node, guard: Guard = anywhere): Entry =>
  entry(name, (pool) => {
    const x = pool.float();
    return x && fits(pool, x, guard) ? f(x) : null;
  });

function compatible(a: Shape, b: Shape): boolean {
  const n = Math.min(a.length, b.length);
  const [x, y] = [a.slice(a.length - n), b.slice(b.length - n)];
  return (
    x.every((size, i) => size === y[i] || size === 1 || y[i] === 1) && numel(broadcastShapes(x, y)) < 200
  );
}

/** Two values whose shapes broadcast. */
function pair(pool: Pool): [Node, Node] | null {
  const x = pool.float();
  const y = x && pool.float((shape) => compatible(x.type.shape, shape));
  return x && y && [x, y];
}

interface Guards {
  readonly first?: Guard;
  readonly second?: Guard;
  /** What x - y may be. */
  readonly difference?: Guard;
  readonly smooth?: boolean;
}

const binary = (name: string, f: (x: Node, y: Node) => Node, guards: Guards = {}): Entry => {
  const { first = anywhere, second = anywhere, difference = anywhere, smooth } = guards;
  return entry(
    name,
    (pool) => {
      const operands = pair(pool);
      if (!operands) return null;
      const [x, y] = operands;
      if (!fits(pool, x, first) || !fits(pool, y, second)) return null;
      return fits(pool, binaryOps.sub(x, y), difference) ? f(x, y) : null;
    },
    smooth,
  );
};

/** A value with dimensions, and some of these. */
function dims(pool: Pool, filled: boolean): [Node, number[]] | null {
  const x = pool.float((shape) => shape.length > 0 && (!filled || numel(shape) > 0));
  if (!x) return null;
  const all = x.type.shape.map((_, i) => i);
  const some = all.filter(() => pool.random.chance(0.5));
  return [x, some.length > 0 ? some : [pool.random.pick(all)]];
}

type Reduction = (x: Node, dim: readonly number[], keepdim: boolean) => Node;

const reduction = (
  name: string,
  f: Reduction,
  filled = false,
  ok?: (pool: Pool, x: Node) => boolean,
): Entry =>
  entry(name, (pool) => {
    const found = dims(pool, filled);
    if (!found || (ok && !ok(pool, found[0]))) return null;
    const [x, some] = found;
    return f(x, pool.random.chance(0.2) ? x.type.shape.map((_, i) => i) : some, pool.random.chance(0.5));
  });

/** All values far from each other, so that no order among them is close. */
function distinct(pool: Pool, x: Node): boolean {
  const sorted = Array.from(pool.valuesOf(x)).sort((a, b) => a - b);
  return sorted.every((v, i) => i === 0 || v - sorted[i - 1] > margin);
}

/** Of one value and one of its dimensions. */
const along = (name: string, f: (x: Node, dim: number, pool: Pool) => Node | null, smooth = true): Entry =>
  entry(
    name,
    (pool) => {
      const x = pool.float((shape) => shape.length > 0);
      return x && f(x, pool.random.int(0, x.type.shape.length - 1), pool);
    },
    smooth,
  );

const sizeOf = (x: Node, dim: number): number => x.type.shape[dim];
const shuffled = (pool: Pool, n: number): number[] =>
  Array.from({ length: n }, (_, i) => [pool.random.next(), i])
    .sort((a, b) => a[0] - b[0])
    .map(([, i]) => i);

/** A condition made before, or a new one. */
function condition(pool: Pool): Node | null {
  const known = pool.random.chance(0.5) ? pool.condition() : null;
  if (known) return known;
  const x = pool.float();
  return x && fits(pool, x, off(0)) ? compare.gt(x, 0) : null;
}

const { add, sub, mul, div } = binaryOps;

const pointwise: readonly Entry[] = [
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
  unary('clamp', (x) => selectOps.clamp(x, -0.5, 1), off(-0.5, 1)),
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

const reductions: readonly Entry[] = [
  reduction('sum', reduceOps.sum),
  reduction('mean', reduceOps.mean, true),
  reduction('prod', reduceOps.prod),
  reduction('amax', reduceOps.amax, true, distinct),
  reduction('amin', reduceOps.amin, true, distinct),
  entry('sum of all', (pool) => {
    const x = pool.float();
    return x && reduceOps.sum(x);
  }),
  entry('any', (pool) => {
    const c = pool.condition();
    return c && reduceOps.any(c);
  }),
  along('cumsum', (x, dim) => scan.cumsum(x, dim)),
  along('cumprod', (x, dim) => scan.cumprod(x, dim)),
];

const viewing: readonly Entry[] = [
  entry('permute', (pool) => {
    const x = pool.float((shape) => shape.length > 1);
    return x && views.permute(x, shuffled(pool, x.type.shape.length));
  }),
  entry('flatten', (pool) => {
    const x = pool.float();
    return x && views.reshape(x, [-1]);
  }),
  entry('reshape', (pool) => {
    const x = pool.float((shape) => numel(shape) > 0);
    if (!x) return null;
    const n = numel(x.type.shape);
    const rows = pool.random.pick([1, 2, 3, 4, n].filter((k) => n % k === 0));
    return views.reshape(x, pool.random.chance(0.5) ? [rows, n / rows] : [n / rows, 1, rows]);
  }),
  along('unsqueeze', (x, dim) => (x.type.shape.length < 4 ? views.unsqueeze(x, dim) : null)),
  unary('squeeze', views.squeeze),
  entry('expand', (pool) => {
    const x = pool.float((shape) => shape.length < 4);
    return x && views.expand(x, [pool.random.int(1, 3), ...x.type.shape]);
  }),
  along('slice', (x, dim, { random }) => {
    const n = sizeOf(x, dim);
    const start = random.int(0, n);
    return slices.slice(x, dim, start, random.int(start, n), random.int(1, 2));
  }),
  along('select', (x, dim, { random }) =>
    sizeOf(x, dim) > 0 ? slices.select(x, dim, random.int(0, sizeOf(x, dim) - 1)) : null,
  ),
  along('flip', (x, dim) => slices.flip(x, dim)),
  along('unfold', (x, dim, { random }) => {
    const n = sizeOf(x, dim);
    return n > 0 && x.type.shape.length < 4
      ? slices.unfold(x, dim, random.int(1, n), random.int(1, 2))
      : null;
  }),
  along('pad', (x, _, { random }) =>
    pad(x, [random.int(0, 2), random.int(0, 2)], { value: random.pick([0, 1]) }),
  ),
  along('roll', (x, dim, { random }) => arrange.roll(x, random.int(-2, 2), dim)),
  entry('tril', (pool) => {
    const x = pool.float((shape) => shape.length > 1);
    return x && diagonals.tril(x, pool.random.int(-1, 1));
  }),
  entry('diagonal', (pool) => {
    const x = pool.float((shape) => shape.length > 1);
    return x && diagonals.diagonal(x);
  }),
  along('cat', (x, dim, pool) => {
    const rest = (shape: Shape): string => shape.map((n, i) => (i === dim ? '*' : n)).join();
    const y = pool.float((shape) => rest(shape) === rest(x.type.shape));
    return y && join.cat([x, y, x], { dim });
  }),
  along('stack', (x, dim, pool) => {
    const y = pool.float((shape) => shape.join() === x.type.shape.join());
    return y && x.type.shape.length < 4 ? join.stack([x, y], { dim }) : null;
  }),
];

const contractions: readonly Entry[] = [
  entry('matmul', (pool) => {
    const x = pool.float((shape) => shape.length > 0);
    const inner = x?.type.shape.at(-1);
    const y =
      x &&
      pool.float(
        (shape, dtype) =>
          dtype === x.type.dtype &&
          shape.length > 0 &&
          (shape.length === 1 ? shape[0] : shape.at(-2)) === inner &&
          compatible(x.type.shape.slice(0, -2), shape.slice(0, -2)),
      );
    return x && y && products.matmul(x, y);
  }),
  entry('matmul with its transpose', (pool) => {
    const x = pool.float((shape) => shape.length > 1);
    return x && products.matmul(x, views.transpose(x, -1, -2));
  }),
  entry('linear', (pool) => {
    const x = pool.float((shape) => shape.length > 0);
    const weight =
      x &&
      pool.float(
        (shape, dtype) => dtype === x.type.dtype && shape.length === 2 && shape[1] === x.type.shape.at(-1),
      );
    return x && weight && products.linear(x, weight);
  }),
];

export const entries: readonly Entry[] = [...pointwise, ...reductions, ...viewing, ...contractions];
