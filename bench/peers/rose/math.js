// rose: transcendental functions are calls of Math with derivatives given by hand.

import { Dual, Real, div, fn, mul, neg, opaque, sub } from 'rose';

/** `derivative` gets the argument and the value, which is computed once for both. */
const opaqueWith = (f, derivative) => {
  const wrapped = opaque([Real], Real, f);
  wrapped.jvp = fn([Dual], Dual, ({ re: x, du }) => {
    const value = wrapped(x);
    return { re: value, du: mul(du, derivative(x, value)) };
  });
  return wrapped;
};
const sinOf = opaque([Real], Real, Math.sin);
const cosOf = opaque([Real], Real, Math.cos);

export const sin = opaqueWith(Math.sin, (x) => cosOf(x));
export const cos = opaqueWith(Math.cos, (x) => neg(sinOf(x)));
export const exp = opaqueWith(Math.exp, (x, value) => value);
export const log = opaqueWith(Math.log, (x) => div(1, x));
export const tanh = opaqueWith(Math.tanh, (x, value) => sub(1, mul(value, value)));

export const square = (x) => mul(x, x);
