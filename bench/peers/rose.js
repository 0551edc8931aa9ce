// rose: derivatives of functions of single numbers, compiled to WebAssembly. It has no tensors, so it takes part where there are none.
// Transcendental functions are calls of Math with derivatives given by hand.

import { Dual, Real, Vec, add, compile, div, fn, mul, neg, opaque, sqrt, struct, sub, vjp } from 'rose';

const opaqueWith = (f, derivative) => {
  const wrapped = opaque([Real], Real, f);
  wrapped.jvp = fn([Dual], Dual, ({ re, du }) => ({ re: wrapped(re), du: mul(du, derivative(re, wrapped)) }));
  return wrapped;
};
const sinOf = opaque([Real], Real, Math.sin);
const cosOf = opaque([Real], Real, Math.cos);
const sin = opaqueWith(Math.sin, (x) => cosOf(x));
const cos = opaqueWith(Math.cos, (x) => neg(sinOf(x)));
const exp = opaqueWith(Math.exp, (x, f) => f(x));
const log = opaqueWith(Math.log, (x) => div(1, x));
const tanh = opaqueWith(Math.tanh, (x, f) => {
  const t = f(x);
  return sub(1, mul(t, t));
});

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
};
