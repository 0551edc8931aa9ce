// rose: functions and their derivatives.

import { Real, Vec, add, compile, div, fn, ieq, mul, neg, select, sqrt, struct, sub, vec, vjp } from 'rose';
import { cos, exp, log, sin, square, tanh } from './math.js';

function scalar([p0, p1, p2, p3, p4, p5, p6, p7, p8, p9]) {
  const a = add(sin(mul(p0, p1)), exp(neg(mul(p2, p2))));
  const b = mul(tanh(add(mul(p4, p5), p3)), a);
  const c = div(log(add(mul(p6, p6), 1)), add(exp(neg(p7)), 1));
  const d = sqrt(add(add(mul(p8, p8), mul(p9, p9)), 1));
  const e = div(add(mul(b, c), a), d);
  const f = sub(mul(cos(sub(p0, p9)), b), mul(p3, c));
  const g = div(add(mul(e, e), mul(f, f)), add(d, 2));
  const h = add(exp(mul(sin(sub(p4, p8)), 0.5)), mul(p1, p7));
  const i = sub(mul(g, h), mul(mul(p5, p6), c));
  return add(add(i, tanh(sub(e, f))), mul(p2, h));
}

/** Written out: in a loop, the neighbour's index would have to be computed, and the second `vjp` then leaves the memory. */
function rosenbrock(x) {
  let sum = 0;
  for (let i = 0; i < 99; i++) {
    const rise = square(sub(x[i + 1], square(x[i])));
    sum = add(sum, add(mul(rise, 100), square(sub(1, x[i]))));
  }
  return sum;
}

export const works = {
  'scalar-gradient': async ({ noise }) => {
    const Point = Vec(10, Real);
    const f = fn([Point], Real, scalar);
    const both = fn([Point], struct({ value: Real, gradient: Point }), (p) => {
      const { ret, grad } = vjp(f)(p);
      return { value: ret, gradient: grad(1) };
    });
    const run = await compile(both);
    const point = [...noise(10)];
    let returned;
    return {
      run() {
        returned = run(point);
      },
      results: () => [[returned.value], returned.gradient],
    };
  },
  'rosenbrock-hessian': async ({ noise }) => {
    const n = 100;
    const Point = Vec(n, Real);
    const f = fn([Point], Real, rosenbrock);
    const gradient = fn([Point], Point, (x) => vjp(f)(x).grad(1));
    // a row for each unit vector, in a loop
    const hessian = fn([Point], Vec(n, Point), (x) => {
      const { grad } = vjp(gradient)(x);
      return vec(n, Point, (i) => grad(vec(n, Real, (j) => select(ieq(n, i, j), Real, 1, 0))));
    });
    const run = await compile(hessian);
    const point = [...noise(n, 2)];
    let returned;
    return {
      run() {
        returned = run(point);
      },
      results: () => [returned.flat()],
    };
  },
};
