// Tangents and gradients where they part: within a jvp, what happens under `noGrad` has a tangent all the same, in place too. In: functions of
// a jvp. Out: their tangents, against PyTorch's dual numbers, formulas or differences, while gradients are what they are without.

import test from 'ava';
import * as g from '../index.ts';
import type { Tensor } from '../index.ts';
import { f64, nested as numbers } from './helpers/values.ts';

const { autograd, grad, hessian, jacfwd, jvp, noGrad, ones, vmap } = g;

const halfRecorded = (x: Tensor): Tensor => noGrad(() => x.mul(x)).mul(x);

test('noGrad does not stop tangents, but detach and inferenceMode do', (t) => {
  const at = (f: (x: Tensor) => Tensor): unknown => numbers(jvp(f, [f64(2)], [f64(1)]));
  t.deepEqual(at(halfRecorded), [8, 12]);
  t.deepEqual(
    at((x) =>
      noGrad(() => x.mul(x))
        .detach()
        .mul(x),
    ),
    [8, 4],
  );
  t.deepEqual(
    at((x) =>
      g
        .inferenceMode(() => x.mul(x))
        .clone()
        .mul(x),
    ),
    [8, 4],
  );
  t.deepEqual(numbers(jacfwd(halfRecorded)(f64(2))), 12);
});

test('what noGrad gives within jvp is a leaf that requires no grad', (t) => {
  const seen: unknown[] = [];
  jvp(
    (x: Tensor) => {
      const y = noGrad(() => x.mul(x));
      seen.push(y.requiresGrad, y.isLeaf, y.gradFn);
      return y;
    },
    [f64(2)],
    [f64(1)],
  );
  t.deepEqual(seen, [false, true, null]);
});

test('a backward within or around a jvp does not go where only tangents go', (t) => {
  t.deepEqual(numbers(jvp(grad(halfRecorded), [f64(2)], [f64(1)])), [4, 4]);
  const tangent = (x: Tensor): Tensor => jvp(halfRecorded, [x], [f64(1)])[1];
  t.deepEqual(numbers(grad(tangent)(f64(2))), 4);
  t.deepEqual(numbers(jvp(tangent, [f64(2)], [f64(1)])), [12, 12]);
  t.deepEqual(numbers(hessian(halfRecorded)(f64(2))), 4);
  t.deepEqual(numbers(jacfwd(jacfwd(halfRecorded))(f64(2))), 12);
});

test('tangents pass noGrad in and around vmap', (t) => {
  const [x, ones_] = [f64([2, 3]), f64([1, 1])];
  const want = [
    [8, 27],
    [12, 27],
  ];
  t.deepEqual(numbers(jvp(vmap(halfRecorded), [x], [ones_])), want);
  t.deepEqual(
    numbers(jvp((y: Tensor) => noGrad(() => vmap((z: Tensor) => z.pow(3))(y)), [x], [ones_])),
    want,
  );
  t.deepEqual(numbers(vmap((y: Tensor) => jvp(halfRecorded, [y], [f64(1)]))(x)), want);
});

test('tensors from outside have the gradients that they have without the jvp', (t) => {
  const w = f64(3).requiresGrad_();
  const [y, tangent] = jvp((x: Tensor) => noGrad(() => x.mul(w)).mul(w), [f64(2)], [f64(1)]);
  t.deepEqual(numbers([y, tangent]), [18, 9]);
  t.deepEqual(numbers(autograd.grad(y, w)), [6]);
  t.deepEqual(numbers(autograd.grad(tangent, w)), [3]);
});

test('a checkpoint passes on what only tangents know', (t) => {
  const kept = (x: Tensor): Tensor => g.checkpoint(halfRecorded, x);
  t.deepEqual(numbers(jvp(kept, [f64(2)], [f64(1)])), [8, 12]);
  t.deepEqual(numbers(jvp(grad(kept), [f64(2)], [f64(1)])), [4, 4]);
  const square = (x: Tensor): Tensor => g.checkpoint((y: Tensor) => noGrad(() => y.mul(y)), x);
  t.deepEqual(numbers(jvp(square, [f64(2)], [f64(1)])), [4, 4]);
});

test('what a jvp wrote into a tensor from outside has no tangent in the next', (t) => {
  const sum = f64(0);
  const f = (x: Tensor): Tensor => {
    noGrad(() => sum.add_(x.mul(x)));
    return sum.mul(1);
  };
  t.deepEqual(numbers(jvp(f, [f64(2)], [f64(1)])), [4, 4]);
  t.deepEqual(numbers(jvp(f, [f64(3)], [f64(1)])), [13, 6]);
  t.false(sum.requiresGrad);
});

test('a custom function within noGrad has the tangent of its backward', (t) => {
  const twice = g.customVjp(
    (x: Tensor) => x.mul(2),
    (x: Tensor) => [x.mul(2), null],
    (_: null, cotangent: Tensor) => [cotangent.mul(5)],
  );
  t.deepEqual(numbers(jvp((x: Tensor) => noGrad(() => twice(x)), [f64(2)], [f64(1)])), [4, 5]);
});

test('an addition in place of something that only a tangent knows passes it on', (t) => {
  const f = (x: Tensor): Tensor =>
    ones([])
      .to('float64')
      .add_(noGrad(() => x.mul(x)));
  t.deepEqual(numbers(jvp(f, [f64(2)], [f64(1)])), [5, 4]);
});

// --- in place ---------------------------------------------------------------------------------------------------------------------

/** Functions of three numbers that write in place under noGrad. */
const writes: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  'a product': (x) => {
    const y = x.clone();
    noGrad(() => y.mul_(x));
    return y;
  },
  'a part': (x) => {
    const y = x.mul(1);
    noGrad(() => y.narrow(0, 0, 1).mul_(3));
    return y;
  },
  'a part of what had no tangent': (x) => {
    const y = f64([0, 0, 0, 0]);
    noGrad(() => y.narrow(0, 1, 3).copy_(x.square()));
    return y.mul(2);
  },
  zeros: (x) => {
    const y = x.mul(2);
    noGrad(() => y.zero_());
    return y.add(x);
  },
  'an argument, into zeros': (x) => {
    const y = f64([0, 0, 0]);
    noGrad(() => y.copy_(x));
    return y.mul(2);
  },
  'the whole of a view': (x) => {
    const y = x.mul(1);
    const v = y.narrow(0, 0, 2);
    noGrad(() => y.narrow(0, 1, 1).mul_(x.narrow(0, 2, 1)));
    return v;
  },
  'the whole of a view that was made under noGrad': (x) => {
    const y = x.mul(1);
    return noGrad(() => {
      const v = y.narrow(0, 0, 2);
      y.mul_(3);
      return v;
    });
  },
  'what is then written while recording': (x) => {
    const y = x.mul(1);
    noGrad(() => y.mul_(3));
    y.mul_(x);
    y.narrow(0, 0, 1).mul_(x.narrow(0, 1, 1));
    return y;
  },
  'a leaf, by its gradient': (x) => {
    const w = f64([1, 2, 3]).requiresGrad_();
    const [slope] = autograd.grad(w.mul(x).square().sum(), [w], { createGraph: true });
    noGrad(() => w.sub_(slope.mul(0.1)));
    return w.mul(x);
  },
};

const isNear = (a: Tensor, b: Tensor): boolean => Number(a.sub(b).abs().max().item()) < 1e-8;

for (const [name, f] of Object.entries(writes))
  test(`the tangent of what is written in place under noGrad: ${name}`, (t) => {
    const [x, dx] = [f64([1, 2, 3]), f64([0.3, -0.5, 0.7])];
    const [value, tangent] = jvp(f, [x], [dx]);
    const moved = (by: number): Tensor => f(x.add(dx.mul(by))).detach();
    const slope = moved(1e-6).sub(moved(-1e-6)).div(2e-6);
    t.true(isNear(value, moved(0)));
    t.true(isNear(tangent, slope), `${String(tangent)} ${String(slope)}`);
    t.true(isNear(jacfwd(f)(x).matmul(dx), tangent));
  });

test('gradients within a jvp do as if nothing had been written under noGrad', (t) => {
  const f = (x: Tensor): Tensor => {
    const y = x.mul(1);
    noGrad(() => y.mul_(3));
    return autograd.grad(y.square().sum(), [x], { createGraph: true })[0];
  };
  // 2 y, with y = 3 x
  t.deepEqual(numbers(jvp(f, [f64([1, 2])], [f64([1, 1])])), [
    [6, 12],
    [6, 6],
  ]);
});

test('a value of noGrad that is made to require grad has a tangent and gradients', (t) => {
  const f = (x: Tensor): Tensor => {
    const z = noGrad(() => x.square()).requiresGrad_();
    return autograd.grad(z.pow(3).sum(), [z], { createGraph: true })[0];
  };
  // 3 z^2, with z = x^2: 3 x^4
  t.deepEqual(numbers(jvp(f, [f64([1, 2])], [f64([1, 1])])), [
    [3, 48],
    [12, 96],
  ]);
});

test('a leaf that was written within a jvp is a leaf after it, with gradients of its own', (t) => {
  const w = f64([1, 2]).requiresGrad_();
  const f = (x: Tensor): Tensor => {
    noGrad(() => w.mul_(x));
    return w.mul(x);
  };
  t.deepEqual(numbers(jvp(f, [f64([3, 4])], [f64([1, 0])])[1].detach()), [6, 0]);
  t.true(w.isLeaf);
  w.mul(2).sum().backward();
  t.deepEqual(numbers(w.grad), [2, 2]);
  t.deepEqual(numbers(jvp((x: Tensor) => w.mul(x), [f64([1, 1])], [f64([1, 1])])[1].detach()), [3, 8]);
});
