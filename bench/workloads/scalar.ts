// A scalar function of 10 parameters in 50 operations, in float64, and its gradient.
// By hand: straight-line code in local variables, forward and then in reverse; nothing is computed twice.

import { tensor, valueAndGrad } from 'gradloom';
import type { Tensor } from 'gradloom';
import { program, range } from '../lib/hand.ts';
import { noise } from '../lib/numbers.ts';
import { gradloomSide } from '../lib/workload.ts';
import type { Workload } from '../lib/workload.ts';

const point = (): Float64Array => Float64Array.from(noise(10));

function scalar(parameters: Tensor): Tensor {
  const [p0, p1, p2, p3, p4, p5, p6, p7, p8, p9] = range(10).map((i) => parameters.select(0, i));
  const a = p0.mul(p1).sin().add(p2.mul(p2).neg().exp());
  const b = p4.mul(p5).add(p3).tanh().mul(a);
  const c = p6.mul(p6).add(1).log().div(p7.neg().exp().add(1));
  const d = p8.mul(p8).add(p9.mul(p9)).add(1).sqrt();
  const e = b.mul(c).add(a).div(d);
  const f = p0.sub(p9).cos().mul(b).sub(p3.mul(c));
  const g = e.mul(e).add(f.mul(f)).div(d.add(2));
  const h = p4.sub(p8).sin().mul(0.5).exp().add(p1.mul(p7));
  const i = g.mul(h).sub(p5.mul(p6).mul(c));
  return i.add(e.sub(f).tanh()).add(p2.mul(h));
}

const byHand = `
  const p0 = p[0], p1 = p[1], p2 = p[2], p3 = p[3], p4 = p[4], p5 = p[5], p6 = p[6], p7 = p[7], p8 = p[8], p9 = p[9];
  const m = p0 * p1, bell = Math.exp(-p2 * p2), a = Math.sin(m) + bell;
  const t = Math.tanh(p4 * p5 + p3), b = t * a;
  const q = p6 * p6 + 1, log = Math.log(q), s = 1 / (Math.exp(-p7) + 1), c = log * s;
  const d = Math.sqrt(p8 * p8 + p9 * p9 + 1), rd = 1 / d;
  const e = (b * c + a) * rd;
  const r = p0 - p9, cos = Math.cos(r), f = cos * b - p3 * c;
  const rg = 1 / (d + 2), g = (e * e + f * f) * rg;
  const u = p4 - p8, wave = Math.exp(Math.sin(u) * 0.5), h = wave + p1 * p7;
  const v = Math.tanh(e - f);
  value[0] = g * h - p5 * p6 * c + v + p2 * h;

  const dh = p2 + g, dq = dh * wave * 0.5 * Math.cos(u);
  const k = 2 * h * rg, dv = 1 - v * v;
  const de = dv + e * k, df = f * k - dv;
  const dr = -df * b * Math.sin(r), l = de * rd;
  const db = df * cos + l * c, dc = l * b - p5 * p6 - df * p3;
  const dd = (-h * g * rg - l * e) * rd;
  const dt = db * a * (1 - t * t), da = l + db * t, dm = da * Math.cos(m);
  gradient[0] = dr + dm * p1;
  gradient[1] = dh * p7 + dm * p0;
  gradient[2] = h - 2 * da * bell * p2;
  gradient[3] = dt - df * c;
  gradient[4] = dq + dt * p5;
  gradient[5] = dt * p4 - p6 * c;
  gradient[6] = 2 * dc * s * p6 / q - p5 * c;
  gradient[7] = dh * p1 + dc * c * (1 - s);
  gradient[8] = dd * p8 - dq;
  gradient[9] = dd * p9 - dr;`;

const workload: Workload = {
  name: 'scalar-gradient',
  gradloom: () => gradloomSide(valueAndGrad(scalar), [tensor(point())]),
  hand() {
    const value = new Float64Array(1);
    const gradient = new Float64Array(10);
    const run = program({ p: point(), value, gradient }, { 'both()': byHand });
    return { run, results: () => [value, gradient] };
  },
};

export const workloads = [workload];
