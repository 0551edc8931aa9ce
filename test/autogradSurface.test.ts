// What a script sees of autograd beyond single operators: flags, `.grad`, reading values, derivatives of derivatives, what a trace and a
// run are. In: scripts of a few lines. Out: each behaves as the same lines do in PyTorch, or, where there is none, in JAX.

import test from 'ava';
import * as g from '../index.ts';
import type { Context, Tensor } from '../index.ts';
import { f64, nested as numbers } from './helpers/values.ts';

const { autograd, compile, noGrad, ones, tensor } = g;
const leaf = (...data: number[]): Tensor => tensor(data, { requiresGrad: true });
const double = (...data: number[]): Tensor => f64(data).requiresGrad_();

// --- flags and .grad ---------------------------------------------------------------------------------------------------------

test('only tensors of floats are created with the flag', (t) => {
  t.true(ones([2], { requiresGrad: true }).requiresGrad);
  t.false(ones([2]).requiresGrad);
  for (const dtype of ['int32', 'uint8', 'bool'] as const)
    t.throws(() => ones([2], { requiresGrad: true, dtype }), {
      instanceOf: g.DTypeError,
      message: /^Only Tensors of floating point and complex dtype can require gradients/,
    });
});

test('the flag of a leaf may be set to anything, that of a result only to true', (t) => {
  const x = leaf(1);
  x.requiresGrad = false;
  t.false(x.requiresGrad);
  t.is(x.requiresGrad_(), x);
  t.true(x.requiresGrad);
  const y = x.mul(2);
  t.is(y.requiresGrad_(), y);
  t.throws(() => y.requiresGrad_(false), { message: /^you can only change requires_grad flags of leaf/ });
});

test.serial('reading .grad of a result warns once per line, unless it retains its gradient', (t) => {
  const { warn } = console;
  const said: string[] = [];
  console.warn = (text: string) => void said.push(text);
  try {
    const x = leaf(1, 2);
    const [y, z] = [x.mul(2), x.mul(3)];
    z.retainGrad();
    y.add(z).sum().backward();
    t.deepEqual(numbers(z.grad), [1, 1]);
    t.deepEqual(numbers(x.grad), [5, 5]);
    t.deepEqual(said, []);
    for (let i = 0; i < 3; i++) t.is(y.grad, null);
    t.is(said.length, 1);
    t.is(y.grad, null);
    t.is(said.length, 2);
    t.regex(
      said[0],
      /^UserWarning: The \.grad attribute of a Tensor that is not a leaf Tensor is being accessed\./,
    );
  } finally {
    console.warn = warn;
  }
});

test('only null and tensors are assigned to .grad', (t) => {
  const x = leaf(1, 2);
  x.grad = tensor([3, 4]);
  x.mul(1).sum().backward();
  t.deepEqual(numbers(x.grad), [4, 5]);
  t.throws(() => (x.grad = 3 as never), {
    message: /^assigned grad expected to be a Tensor or None but got grad of type number/,
  });
  t.deepEqual(numbers(x.grad), [4, 5]);
});

test('detach shares storage and the count of writes, and has no history', (t) => {
  const x = leaf(2, 3);
  const y = x.mul(2);
  const cut = y.detach();
  t.deepEqual([cut.requiresGrad, cut.isLeaf, cut.gradFn], [false, true, null]);
  cut.mul_(10);
  t.deepEqual(numbers(y), [40, 60]);
  t.deepEqual([y.version, cut.version], [1, 1]);
});

test('detach_ cuts a result off from its history, but no view', (t) => {
  const y = leaf(2, 3).mul(2);
  t.is(y.detach_(), y);
  t.deepEqual([y.requiresGrad, y.isLeaf, y.gradFn], [false, true, null]);
  t.throws(() => leaf(2, 3).mul(2).slice(0, 0, 1).detach_(), {
    message: /^Can't detach views in-place\. Use detach\(\) instead\./,
  });
});

test('what is written to data has no history, and the gradient is that of the value that was read', (t) => {
  const x = leaf(2, 3);
  const y = x.mul(x).sum();
  x.data.mul_(10);
  t.deepEqual(numbers(x), [20, 30]);
  t.true(x.isLeaf);
  y.backward();
  t.deepEqual(numbers(x.grad), [4, 6]);
});

test('a clone is the identity to gradients and has storage of its own', (t) => {
  const x = leaf(2, 3);
  const y = x.clone();
  t.is(y.gradFn?.name, 'CloneBackward0');
  noGrad(() => y.mul_(10));
  t.deepEqual(numbers(x), [2, 3]);
  x.clone().mul(4).sum().backward();
  t.deepEqual(numbers(x.grad), [4, 4]);
});

test('values of tensors that require grad can be read', (t) => {
  t.is(leaf(3).item(), 3);
  const x = leaf(1, 2);
  t.deepEqual(x.toArray(), [1, 2]);
  const copy = x.toTypedArray();
  copy[0] = 9;
  t.deepEqual(x.toArray(), [1, 2]);
  t.throws(() => x.item(), { message: /^only one element tensors can be converted to Python scalars/ });
});

// --- backward and grad -------------------------------------------------------------------------------------------------------

test('what has no derivative gives results that require no grad', (t) => {
  const x = leaf(1, 2);
  for (const y of [x.gt(1), x.eq(x), x.argmax(), x.isnan(), x.argsort(), x.int(), x.logicalNot()])
    t.deepEqual([y.requiresGrad, y.gradFn], [false, null]);
});

test('the same input twice gets its gradient twice', (t) => {
  const x = leaf(3);
  t.deepEqual(numbers(autograd.grad(x.mul(x), [x, x])), [[6], [6]]);
});

test('x ** 4 differentiated five times', (t) => {
  const x = leaf(2);
  let y = x.pow(4);
  const found = [y.item()];
  for (let order = 1; order <= 5; order++) {
    [y] = autograd.grad(y, x, { createGraph: true });
    found.push(y.item());
  }
  t.deepEqual(found, [16, 32, 48, 48, 24, 0]);
});

test('a backward that gives no gradient at all leaves .grad as it was', (t) => {
  class Nothing extends autograd.Function {
    static forward(_ctx: Context, x: Tensor): Tensor {
      return x.mul(2);
    }
    static backward(): null {
      return null;
    }
  }
  const seen: unknown[] = [];
  const x = leaf(1);
  const y = x.exp();
  y.registerHook((gradient) => void seen.push(gradient));
  Nothing.apply(y).backward();
  t.is(x.grad, null);
  t.deepEqual(seen, []);
});

test('evaluation mode of a module has nothing to do with recording', (t) => {
  const model = new g.nn.Sequential(new g.nn.Linear(2, 2), new g.nn.Dropout(0.5));
  model.eval();
  t.true(g.isGradEnabled());
  t.true(model(ones([1, 2])).requiresGrad);
  t.false(noGrad(() => model.train()(ones([1, 2]))).requiresGrad);
});

test('what an operation keeps is what its derivative reads', (t) => {
  const x = leaf(1);
  const kept = (y: Tensor): readonly string[] => Object.keys(y.gradFn!.saved);
  t.deepEqual(kept(x.exp()), ['result']);
  t.deepEqual(kept(x.mul(tensor([2]))), ['other']);
  t.deepEqual(kept(x.add(1)), []);
});

// --- derivatives of derivatives, and graphs ----------------------------------------------------------------------------------

test('derivatives of orders one to three agree with differences', (t) => {
  const f = (x: Tensor): Tensor => x.sin().mul(x.exp()).sum();
  const slope = (x: Tensor): Tensor => autograd.grad(f(x), x, { createGraph: true })[0];
  const x = double(0.3, -0.7);
  t.true(autograd.gradcheck(f, [x]));
  t.true(autograd.gradgradcheck(f, [x]));
  t.true(autograd.gradgradcheck((y) => slope(y).pow(2), [x]));
});

test('forward over reverse: a tangent of a gradient is the product with the Hessian', (t) => {
  const f = (x: Tensor): Tensor => x.pow(3).sum().mul(x.at(0));
  const [x, v] = [tensor([2, 3]), tensor([1, -1])];
  const [, tangent] = g.jvp(g.grad(f), [x], [v]);
  // x0^4 + x0 x1^3 has the Hessian [[48, 27], [27, 36]] there
  t.deepEqual(numbers(tangent), [21, -9]);
});

test('the tangent of a custom function comes from its backward', (t) => {
  class Square extends autograd.Function {
    static forward(ctx: Context, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.pow(2);
    }
    // three times too much, so that nothing else can have given it
    static backward(ctx: Context, gradient: Tensor): Tensor {
      return gradient.mul(ctx.savedTensors[0]!).mul(6);
    }
  }
  t.deepEqual(numbers(g.jvp((x: Tensor) => Square.apply(x), [tensor([3])], [tensor([10])])), [[9], [180]]);
});

test('an if and a loop over values are what was run', (t) => {
  const x = leaf(1);
  let y = x;
  while (Number(y.item()) < 100) y = y.mul(2);
  if (Number(y.item()) > 120) y = y.mul(3);
  y.backward();
  t.deepEqual([y.item(), numbers(x.grad)], [384, [384]]);
});

test('a traced function runs once per signature, its side effects too', (t) => {
  let runs = 0;
  const scaled = compile((x: Tensor, k: number) => {
    runs++;
    return x.mul(k);
  });
  t.deepEqual(numbers(scaled(ones([2]), 2)), [2, 2]);
  t.deepEqual(numbers(scaled(ones([2]), 2)), [2, 2]);
  t.is(runs, 1);
  t.deepEqual(numbers(scaled(ones([2]), 3)), [3, 3]);
  t.is(runs, 2);
});

test('shape and dtype of a result are known without a run', (t) => {
  const x = ones([1000, 1000]);
  const y = x.matmul(x).sum(0).gt(1);
  t.deepEqual([y.shape, y.dtype], [[1000], 'bool']);
  t.regex(y.graph(), /= mm a a/);
});

test('a program counts its operations and its memory before it runs', (t) => {
  const program = compile((x: Tensor) => x.matmul(x)).lower(ones([2, 2]));
  t.deepEqual(
    [program.kernels[0].flops, program.memory.inputBytes, program.memory.outputBytes],
    [16, 16, 16],
  );
  t.regex(program.explain('graph'), /mm a a/);
});

// --- odd points that gradient-conventions.json does not have -------------------------------------------------------------------

test('sgn has the gradient 0 everywhere, at 0 too', (t) => {
  const x = leaf(-2, 0, 3);
  x.sgn().sum().backward();
  t.deepEqual(numbers(x.grad), [0, 0, 0]);
});

test('var and std of one element are NaN, and so are their gradients', (t) => {
  for (const moment of ['var', 'std'] as const) {
    const x = leaf(5);
    const y = x[moment]();
    y.backward();
    t.deepEqual([y.item(), numbers(x.grad)], [NaN, [NaN]], moment);
  }
});

const named: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  XlogyBackward0: (x) => g.xlogy(x, x),
  XlogyBackward1: (x) => g.xlogy(2, x),
  XlogyBackward2: (x) => g.xlogy(x, 2),
  SpecialXlog1PyBackward1: (x) => g.special.xlog1py(2, x),
  SpecialXlog1PyBackward2: (x) => g.special.xlog1py(x, 2),
  CopysignBackward0: (x) => g.copysign(x, x),
  CopysignBackward1: (x) => g.copysign(x, 2),
  RreluWithNoiseBackward0: (x) => g.rrelu(x),
  LinalgPinvBackward0: (x) => g.linalg.pinv(x.diag()),
  ViewBackward0: (x) => x.ravel(),
};
for (const [name, fn] of Object.entries(named))
  test(`a result of its overload has the gradFn ${name}`, (t) => t.is(fn(leaf(1, 2)).gradFn?.name, name));
