// Function transforms (grad, vjp, jvp, Jacobians, Hessians, vmap, checkpoint, customVjp, customJvp) and autograd.functional. In: small functions. Out: their
// derivatives against formulas, against each other, and the errors of torch.func.

import test from 'ava';
import * as g from '../index.ts';
import type { Tensor } from '../index.ts';
import { f64, nested as numbers } from './helpers/values.ts';

const { autograd, compile, grad, hessian, hvp, jacfwd, jacrev, jvp, ones, tensor, valueAndGrad, vjp, vmap } =
  g;
const F = autograd.functional;

// --- grad ------------------------------------------------------------------------------------------------------------------

test('grad gives the derivative by the first argument', (t) => {
  t.deepEqual(numbers(grad((x: Tensor, y: Tensor) => x.mul(y).sum())(f64([1, 2]), f64([3, 4]))), [3, 4]);
});

test('argnums chooses, from either end; a list gives a list', (t) => {
  const f = (x: Tensor, y: Tensor): Tensor => x.mul(x).mul(y).sum();
  const [x, y] = [f64([1, 2]), f64([3, 4])];
  t.deepEqual(numbers(grad(f, { argnums: 1 })(x, y)), [1, 4]);
  t.deepEqual(numbers(grad(f, { argnums: -1 })(x, y)), [1, 4]);
  t.deepEqual(numbers(grad(f, { argnums: [0, 1] })(x, y)), [
    [6, 16],
    [1, 4],
  ]);
  t.throws(() => grad(f, { argnums: 2 })(x, y), {
    message: /^grad: Got argnum=2, but only 2 positional inputs/,
  });
});

test('arguments may be nested, and so is the derivative', (t) => {
  const f = ({ w, b }: { w: Tensor; b: readonly Tensor[] }, x: Tensor): Tensor =>
    w.mul(x).add(b[0]).mul(b[1]).sum();
  const at = { w: f64([1, 2]), b: [f64([0, 1]), f64([2, 3])] };
  t.deepEqual(numbers(grad(f)(at, f64([1, 10]))), {
    w: [2, 30],
    b: [
      [2, 3],
      [1, 21],
    ],
  });
});

test('valueAndGrad gives both; hasAux passes something on', (t) => {
  const x = f64([1, 2]);
  t.deepEqual(numbers(valueAndGrad((y: Tensor) => y.mul(y).sum())(x)), [5, [2, 4]]);
  const f = (y: Tensor): [Tensor, { twice: Tensor }] => [y.sum(), { twice: y.mul(2) }];
  t.deepEqual(numbers(grad(f, { hasAux: true })(x)), [[1, 1], { twice: [2, 4] }]);
  t.deepEqual(numbers(valueAndGrad(f, { hasAux: true })(x)), [
    [3, { twice: [2, 4] }],
    [1, 1],
  ]);
});

test('an argument without influence gets zeros', (t) => {
  t.deepEqual(
    numbers(grad((x: Tensor, _y: Tensor) => x.sum(), { argnums: 1 })(f64([1]), f64([1, 2]))),
    [0, 0],
  );
  t.deepEqual(numbers(grad((_x: Tensor) => f64(3))(f64([1, 2]))), [0, 0]);
});

test('results and inputs carry no trace of the transform', (t) => {
  const x = f64([1, 2]);
  const [y, d] = valueAndGrad((z: Tensor) => z.exp().sum())(x);
  t.deepEqual([x.requiresGrad, y.requiresGrad, d.requiresGrad, x.grad], [false, false, false, null]);
});

test('transforms nest to any order', (t) => {
  let f = (x: Tensor): Tensor => x.pow(4);
  const values = [f(f64(2)).item()];
  for (let order = 1; order <= 5; order++) {
    f = grad(f);
    values.push(f(f64(2)).item());
  }
  t.deepEqual(values, [16, 32, 48, 48, 24, 0]);
});

test('an inner derivative is differentiated with respect to what it closes over', (t) => {
  const outer = grad((y: Tensor) => grad((x: Tensor) => x.mul(x).mul(y).sum())(f64([3])).sum());
  t.deepEqual(numbers(outer(f64([1]))), [6]);
});

test('a derivative by a transform can be trained through', (t) => {
  const w = tensor([2], { requiresGrad: true, dtype: 'float64' });
  const slope = grad((x: Tensor) => x.pow(2).mul(w).sum())(f64([3]));
  t.true(slope.requiresGrad);
  slope.sum().backward();
  t.deepEqual(numbers(w.grad), [6]);
});

test('an argument that requires grad is connected to the derivative', (t) => {
  const x = tensor([3], { requiresGrad: true, dtype: 'float64' });
  grad((y: Tensor) => y.pow(3).sum())(x)
    .sum()
    .backward();
  t.deepEqual(numbers(x.grad), [18]);
});

test('linearize calls the function once, and gives tangents in any number of directions', (t) => {
  let calls = 0;
  const [value, tangentOf] = g.linearize(
    (x: Tensor, { y }: { y: Tensor }) => {
      calls++;
      return [x.mul(y), x.pow(2)];
    },
    f64([1, 2]),
    { y: f64([3, 4]) },
  );
  t.deepEqual(numbers(value), [
    [3, 8],
    [1, 4],
  ]);
  const zero = f64([0, 0]);
  t.deepEqual(numbers(tangentOf(f64([1, 0]), { y: zero })), [
    [3, 0],
    [2, 0],
  ]);
  t.deepEqual(numbers(tangentOf(zero, { y: f64([0, 1]) })), [
    [0, 2],
    [0, 0],
  ]);
  t.is(calls, 1);
});

test('what linearize gives can be mapped, compiled and differentiated', (t) => {
  const [, tangentOf] = g.linearize((x: Tensor) => x.pow(3), f64([1, 2]));
  t.deepEqual(
    numbers(
      vmap(tangentOf)(
        f64([
          [1, 0],
          [0, 1],
        ]),
      ),
    ),
    [
      [3, 0],
      [0, 12],
    ],
  );
  const f = (x: Tensor): Tensor => g.linearize((y: Tensor) => y.pow(3), x)[1](f64(1));
  t.is(grad(f)(f64(2)).item(), 12);
  t.is(compile(f)(f64(2)).item(), 12);
});

test('linearize refuses tangents that do not fit', (t) => {
  const [, tangentOf] = g.linearize((x: Tensor) => x.pow(3), f64([1, 2]));
  t.throws(() => tangentOf(f64([1])), {
    instanceOf: g.ShapeError,
    message: /^linearize: tangent 0 has shape \[1\], but its primal \[2\]/,
  });
});

// --- tangents and grad mode ----------------------------------------------------------------------------------------------------

/** x^3, of which a backward sees only x * constant. */
test('transforms work under noGrad', (t) => {
  t.deepEqual(numbers(g.noGrad(() => grad((x: Tensor) => x.mul(x).sum())(f64([3])))), [6]);
});

const refusals: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    'a value with dimensions',
    () => grad((x: Tensor) => x.pow(2))(ones([2])),
    /^grad_and_value\(f\)\(\*args\): Expected f\(\*args\) to return a scalar Tensor, got tensor with 1 dims\. Maybe you wanted to use the vjp or jacrev APIs instead\?/,
  ],
  [
    'a value that is no tensor',
    () => grad((() => 3) as never)(ones([2]) as never),
    /^grad_and_value\(f\)\(\*args\): Expected f\(\*args\) to return a Tensor, got number/,
  ],
  [
    'an argument that is no tensor',
    () => grad((x: Tensor) => x.sum())(3 as never),
    /^grad: argument 0: expected tensors, but got 3/,
  ],
  [
    'integers',
    () => grad((x: Tensor) => x.sum())(tensor([1], { dtype: 'int32' })),
    /^only Tensors of floating point dtype can require gradients/,
  ],
  [
    'aux that is not there',
    () => grad((x: Tensor) => x.sum(), { hasAux: true })(ones([2])),
    /output of function f should be a tuple: \(output, aux\) if has_aux is True/,
  ],
  [
    'a misspelt option',
    () => grad((x: Tensor) => x, { argnum: 1 } as never),
    /unexpected keyword argument 'argnum'/,
  ],
  [
    'tangents of another shape',
    () => jvp((x: Tensor) => x, [ones([2])], [ones([3])]),
    /^jvp: tangent 0 has shape \[3\], but its primal \[2\]/,
  ],
  [
    'too many cotangents',
    () => vjp((x: Tensor) => x, ones([2]))[1]([ones([2]), ones([2])] as never),
    /^vjp: expected 1 cotangents, got 2/,
  ],
];
for (const [what, run, message] of refusals)
  test(`transforms refuse ${what}`, (t) => {
    const error = t.throws(run)!;
    t.regex(error.message, message);
  });

// --- vjp and jvp -----------------------------------------------------------------------------------------------------------

test('vjp gives the value, and a function from cotangents to the gradients of all arguments', (t) => {
  const [y, back] = vjp((x: Tensor, w: Tensor) => ({ p: x.mul(w), s: x.sum() }), f64([1, 2]), f64([3, 4]));
  t.deepEqual(numbers(y), { p: [3, 8], s: 3 });
  t.deepEqual(numbers(back({ p: f64([1, 0]), s: f64(10) })), [
    [13, 10],
    [1, 0],
  ]);
  t.deepEqual(numbers(back({ p: f64([0, 1]), s: f64(0) })), [
    [0, 4],
    [0, 2],
  ]);
});

test('jvp gives the value and its derivative in a direction', (t) => {
  const [y, dy] = jvp(
    (x: Tensor, w: Tensor) => [x.mul(w), x.exp()],
    [f64([0, 2]), f64([3, 4])],
    [f64([1, 0]), f64([0, 1])],
  );
  t.deepEqual(numbers(y), [
    [0, 8],
    [1, Math.exp(2)],
  ]);
  t.deepEqual(numbers(dy), [
    [3, 2],
    [1, 0],
  ]);
});

test('jvp of what does not depend on the argument is zero', (t) => {
  t.deepEqual(numbers(jvp((_x: Tensor) => f64([1, 2]), [f64([1])], [f64([1])])), [
    [1, 2],
    [0, 0],
  ]);
});

test("jvp and vjp are each other's transpose", (t) => {
  const f = (x: Tensor): Tensor => x.matmul(x.t()).tanh().cumsum(0);
  const [x, u, v] = [
    f64([
      [0.1, 0.4],
      [0.3, -0.2],
    ]),
    f64([
      [1, 2],
      [3, 4],
    ]),
    f64([
      [0.5, -1],
      [2, 0],
    ]),
  ];
  const forward = jvp(f, [x], [u])[1].mul(v).sum().item();
  const backward = vjp(f, x)[1](v)[0].mul(u).sum().item();
  t.true(Math.abs(Number(forward) - Number(backward)) < 1e-12);
});

test('forward over reverse, and reverse over forward, agree', (t) => {
  const f = (x: Tensor): Tensor => x.sin().mul(x).sum();
  const [x, v] = [f64([0.3, 0.7]), f64([1, -2])];
  const a = jvp(grad(f), [x], [v])[1];
  const b = grad((y: Tensor) => jvp(f, [y], [v])[1])(x);
  t.true(g.allclose(a, b));
  t.true(g.allclose(a, hvp(f, [x], [v])[0]));
});

// --- Jacobians and Hessians ------------------------------------------------------------------------------------------------

const smooth = (x: Tensor): Tensor => x.sin().mul(x.sum()).cumsum(0);

test('jacrev and jacfwd agree with each other and with differences', (t) => {
  const x = f64([0.3, -0.5, 0.9]);
  const [a, b] = [jacrev(smooth)(x), jacfwd(smooth)(x)];
  t.true(g.allclose(a, b));
  const eps = 1e-6;
  const columns = [0, 1, 2].map((i) => {
    const step = g.eye(3, { dtype: 'float64' }).select(0, i).mul(eps);
    return smooth(x.add(step))
      .sub(smooth(x.sub(step)))
      .div(2 * eps);
  });
  t.true(g.allclose(a, g.stack(columns, 1), { atol: 1e-8 }));
});

test('the shape is that of the value, then that of the argument', (t) => {
  const f = (x: Tensor): Tensor => x.reshape([6]).slice(0, 0, 4).reshape([2, 2]).exp();
  const x = f64([
    [1, 2, 3],
    [4, 5, 6],
  ]).mul(0.1);
  for (const jacobian of [jacrev, jacfwd, g.jacobian]) t.deepEqual(jacobian(f)(x).shape, [2, 2, 2, 3]);
});

test('Jacobians of nested values by nested arguments', (t) => {
  const f = (p: { a: Tensor; b: Tensor }): { s: Tensor; v: Tensor[] } => ({
    s: p.a.sum(),
    v: [p.a.mul(p.b)],
  });
  const at = { a: f64([1, 2]), b: f64([3, 4]) };
  const expected = {
    s: { a: [1, 1], b: [0, 0] },
    v: [
      {
        a: [
          [3, 0],
          [0, 4],
        ],
        b: [
          [1, 0],
          [0, 2],
        ],
      },
    ],
  };
  t.deepEqual(numbers(jacrev(f)(at)), expected);
  t.deepEqual(numbers(jacfwd(f)(at)), expected);
});

test('Jacobians of empty values and of scalars', (t) => {
  t.deepEqual(jacrev((x: Tensor) => x.slice(0, 0, 0))(f64([1, 2])).shape, [0, 2]);
  t.deepEqual(jacfwd((x: Tensor) => x.slice(0, 0, 0))(f64([1, 2])).shape, [0, 2]);
  t.is(jacrev((x: Tensor) => x.mul(x))(f64(3)).item(), 6);
});

test('a Hessian is symmetric, and hvp its product', (t) => {
  const f = (x: Tensor): Tensor => x.prod().add(x.exp().sum());
  const [x, v] = [f64([0.5, 2, -1]), f64([1, 2, 3])];
  const H = hessian(f)(x);
  t.true(g.allclose(H, H.t()));
  t.true(g.allclose(H.mv(v), hvp(f, [x], [v])[0]));
  t.true(g.allclose(H, jacrev(jacrev(f))(x)));
  t.true(g.allclose(H, jacfwd(jacfwd(f))(x)));
});

test('a Jacobian is one graph, however many rows it has', (t) => {
  const step = compile((x: Tensor) => jacrev((y: Tensor) => y.exp().mul(y.sin()))(x));
  const sizes = [4, 400].map((n) => {
    const x = g.linspace(0, 1, n, { dtype: 'float64' });
    t.deepEqual(step(x).shape, [n, n]);
    return step.programs.at(-1)!.kernels.length;
  });
  t.is(sizes[0], sizes[1]);
  t.true(sizes[1] <= 2);
});

test('a Hessian of 100 variables is computed at once', (t) => {
  const x = g.linspace(0.1, 1, 100, { dtype: 'float64' });
  const H = hessian((y: Tensor) => y.pow(3).sum())(x);
  t.true(g.allclose(H, g.eye(100, { dtype: 'float64' }).mul(x.mul(6))));
});

test('Jacobians can be differentiated through', (t) => {
  const w = tensor([2, 3], { requiresGrad: true, dtype: 'float64' });
  for (const jacobian of [jacrev, jacfwd]) {
    const J = jacobian((x: Tensor) => x.pow(2).mul(w))(f64([1, 2]));
    t.deepEqual(numbers(autograd.grad(J.sum(), w)[0]), [2, 4]);
  }
});

// --- vmap ------------------------------------------------------------------------------------------------------------------

test('vmap maps over the first dimension, or over the one that it is told', (t) => {
  const [a, b] = [
    f64([
      [1, 2],
      [3, 4],
      [5, 6],
    ]),
    f64([
      [1, 0, 2],
      [2, 1, 0],
    ]),
  ];
  const dot = (x: Tensor, y: Tensor): Tensor => x.dot(y);
  t.deepEqual(numbers(vmap(dot, { inDims: [0, 1] })(a, b)), [5, 4, 10]);
  t.deepEqual(numbers(vmap(dot, { inDims: [0, null] })(a, f64([1, 10]))), [21, 43, 65]);
  t.deepEqual(numbers(vmap((x: Tensor) => x.mul(2), { inDims: -1, outDims: 1 })(b)), [
    [2, 0, 4],
    [4, 2, 0],
  ]);
});

test('vmap takes and gives nested values; results that are the same for all are repeated', (t) => {
  const f = ({ x, k }: { x: Tensor; k: Tensor }): { y: Tensor; k: Tensor } => ({
    y: x.sum().mul(k),
    k: k.mul(2),
  });
  const result = vmap(f, { inDims: [{ x: 0, k: null }], outDims: { y: 0, k: null } })({
    x: f64([
      [1, 2],
      [3, 4],
    ]),
    k: f64(10),
  });
  t.deepEqual(numbers(result), { y: [30, 70], k: 20 });
  t.deepEqual(numbers(vmap((_: Tensor) => f64([1, 2]))(f64([0, 0, 0]))), [
    [1, 2],
    [1, 2],
    [1, 2],
  ]);
});

test('vmaps nest', (t) => {
  const outer = vmap((x: Tensor) => vmap((y: Tensor) => x.mul(y))(f64([1, 10])));
  t.deepEqual(numbers(outer(f64([1, 2, 3]))), [
    [1, 10],
    [2, 20],
    [3, 30],
  ]);
});

test('gradients of every example are vmap of grad', (t) => {
  const loss = (w: Tensor, x: Tensor, y: Tensor): Tensor => w.dot(x).sub(y).pow(2);
  const [w, x, y] = [
    f64([1, 2]),
    f64([
      [1, 0],
      [0, 1],
      [1, 1],
    ]),
    f64([0, 0, 1]),
  ];
  t.deepEqual(numbers(vmap(grad(loss), { inDims: [null, 0, 0] })(w, x, y)), [
    [2, 0],
    [0, 4],
    [4, 4],
  ]);
});

test('a batched function is differentiated as any other, in any order', (t) => {
  const f = vmap((x: Tensor) => x.pow(3).sum());
  const x = f64([
    [1, 2],
    [3, 4],
  ]);
  t.deepEqual(numbers(grad((y: Tensor) => f(y).sum())(x)), [
    [3, 12],
    [27, 48],
  ]);
  const H = hessian((y: Tensor) => f(y.reshape([2, 2])).sum())(x.reshape([4]));
  t.deepEqual(numbers(H.diagonal()), [6, 12, 18, 24]);
});

test('gradients flow to what the function closes over, through detached values not', (t) => {
  const w = tensor([2], { requiresGrad: true, dtype: 'float64' });
  const y = vmap((x: Tensor) => x.mul(w).mul(w.detach()))(f64([1, 2, 3]));
  t.is(y.gradFn?.name, 'VmapBackward0');
  y.sum().backward();
  t.deepEqual(numbers(w.grad), [12]);
});

test('custom functions keep their backward within vmap', (t) => {
  class Clipped extends autograd.Function {
    static forward(_ctx: unknown, x: Tensor): Tensor {
      return x.mul(5);
    }
    static backward(_ctx: unknown, gradient: Tensor): Tensor {
      return gradient.clamp(-1, 1);
    }
  }
  const x = tensor([1, 2], { requiresGrad: true, dtype: 'float64' });
  vmap((y: Tensor) => Clipped.apply(y))(x).backward(f64([0.5, 7]));
  t.deepEqual(numbers(x.grad), [0.5, 1]);
});

test('vmap refuses values, unequal sizes and dimensions that are not there', (t) => {
  const x = f64([1, 2, 3]);
  t.throws(() => vmap((y: Tensor) => f64(Number(y.item())))(x), {
    message: /^vmap: It looks like you're calling \.item\(\) on a Tensor\./,
  });
  t.throws(() => vmap(g.add)(ones([3]), ones([4])), {
    message:
      /^vmap: Expected all tensors to have the same size in the mapped dimension, got sizes \[3, 4\] for the mapped dimension/,
  });
  t.throws(() => vmap((y: Tensor) => y, { inDims: 1 })(x), { message: /^vmap: Got in_dim=1 for some input/ });
  t.throws(() => vmap((y: Tensor) => y, { inDims: [null] })(x), { message: /^vmap: at least one input/ });
});

test('random numbers in vmap need to be told whether they are the same for all', (t) => {
  const f = (x: Tensor): Tensor => x.add(g.rand([], { dtype: 'float64' }));
  const x = f64([0, 0, 0]);
  t.throws(() => vmap(f)(x), { message: /^vmap: called random operation while in randomness error mode\./ });
  g.manualSeed(3);
  const same = numbers(vmap(f, { randomness: 'same' })(x)) as number[];
  t.true(same.every((v) => v === same[0]));
  g.manualSeed(3);
  const different = vmap(f, { randomness: 'different' })(x);
  g.manualSeed(3);
  t.deepEqual(numbers(different), numbers(g.rand([3], { dtype: 'float64' })));
});

// --- checkpoint, customVjp, stopGradient -----------------------------------------------------------------------------------

test('a checkpoint has the value and the gradients of the function, and runs it once more in backward', (t) => {
  let runs = 0;
  const f = (x: Tensor, w: Tensor): Tensor => {
    runs++;
    return x.mul(w).tanh().exp();
  };
  const make = (): Tensor[] => [f64([0.1, 0.2]).requiresGrad_(), f64([3, 4]).requiresGrad_()];
  const [plain, recomputed] = [make(), make()];
  f(plain[0], plain[1]).sum().backward();
  runs = 0;
  const y = g.checkpoint(f, recomputed[0], recomputed[1]);
  t.is(runs, 1);
  y.sum().backward();
  t.is(runs, 2);
  t.deepEqual(
    recomputed.map((x) => numbers(x.grad)),
    plain.map((x) => numbers(x.grad)),
  );
});

test('a checkpoint meets the same random numbers again', (t) => {
  const f = (x: Tensor): Tensor =>
    g
      .dropout(x, 0.5, true)
      .mul(g.rand([8]))
      .sum();
  const gradient = (run: (x: Tensor) => Tensor): unknown => {
    g.manualSeed(5);
    const x = ones([8], { requiresGrad: true });
    run(x).backward();
    return [numbers(x.grad), g.rand([1]).item()];
  };
  t.deepEqual(
    gradient((x) => g.checkpoint(f, x)),
    gradient(f),
  );
});

test('checkpoints nest, reach what they close over, and have derivatives of any order', (t) => {
  const w = tensor([2], { requiresGrad: true, dtype: 'float64' });
  const inner = (x: Tensor): Tensor => x.mul(w).sin();
  const x = f64([0.5]).requiresGrad_();
  const y = g.checkpoint((z: Tensor) => g.checkpoint(inner, z).mul(z), x);
  const [dx, dw] = autograd.grad(y.sum(), [x, w], { createGraph: true });
  const plain = inner(x).mul(x);
  const [ex, ew] = autograd.grad(plain.sum(), [x, w], { createGraph: true });
  t.true(g.allclose(dx, ex) && g.allclose(dw, ew));
  t.true(g.allclose(autograd.grad(dx.sum(), w)[0], autograd.grad(ex.sum(), w)[0]));
});

test('a checkpoint is freed as other functions are', (t) => {
  const x = ones([1], { requiresGrad: true });
  const y = g.checkpoint((z: Tensor) => z.exp(), x);
  y.backward();
  t.throws(() => y.backward(), { message: /^Trying to backward through the graph a second time/ });
});

test('customVjp replaces the derivative; residuals go from forward to backward', (t) => {
  const clipped = g.customVjp(
    function clipped(x: Tensor, limit: Tensor): Tensor {
      return x.mul(limit).mul(0).add(x);
    },
    (x, limit) => [x.clone(), { limit }],
    ({ limit }, gradient) => [gradient.clamp(-Number(limit.item()), Number(limit.item())), null],
  );
  const [x, limit] = [f64([1, 2]), f64(1)];
  t.deepEqual(
    numbers(
      grad((y: Tensor) =>
        clipped(y, limit)
          .mul(f64([0.5, 7]))
          .sum(),
      )(x),
    ),
    [0.5, 1],
  );
  t.deepEqual(numbers(clipped(x, limit)), [1, 2]);
  const y = clipped(x.requiresGrad_(), limit);
  t.is(y.gradFn?.name, 'clippedBackward');
});

/** JAX's example: log(1 + exp(x)), whose derivative by the chain rule is NaN for large x. */
const softplus = g.customJvp(
  (x: Tensor) => x.exp().log1p(),
  ([x], [tangent]) => [x.exp().log1p(), tangent.mul(x.sigmoid())],
);

test('customJvp gives the tangent of its rule, and the gradient that is its transpose', (t) => {
  t.deepEqual(numbers(jvp(softplus, [f64(0)], [f64(4)])), [Math.log(2), 2]);
  t.is(grad(softplus)(f64(1000)).item(), 1);
  const x = f64(0).requiresGrad_();
  softplus(x).backward();
  t.is(x.grad!.item(), 0.5);
  t.false(x.grad!.requiresGrad);
});

test('derivatives of higher order are those of the rule of customJvp', (t) => {
  t.deepEqual(numbers(grad(grad(softplus))(f64(0))), 0.25);
  t.deepEqual(numbers(jvp(grad(softplus), [f64(0)], [f64(1)])[1]), 0.25);
  t.deepEqual(numbers(hessian(softplus)(f64(0))), 0.25);
});

test('a function of customJvp may be mapped over a batch, and compiled', (t) => {
  t.deepEqual(numbers(vmap(grad(softplus))(f64([0, 1000]))), [0.5, 1]);
  t.deepEqual(numbers(jacfwd(softplus)(f64([0, 1000]))), [
    [0.5, 0],
    [0, 1],
  ]);
  t.is(compile(grad(softplus))(f64(1000)).item(), 1);
});

test('customJvp takes nested arguments, of which integers have no tangent', (t) => {
  const scaled = g.customJvp(
    ({ x }: { x: Tensor }, n: Tensor) => x.mul(n),
    ([{ x }, n], [{ x: tangent }, none]) => [x.mul(n), tangent.mul(10).add(none)],
  );
  const n = tensor([3], { dtype: 'int32' });
  t.deepEqual(numbers(grad((x: Tensor) => scaled({ x }, n).sum())(f64([1]))), [10]);
});

test('the rule of customJvp must give a pair', (t) => {
  const f = g.customJvp(
    (x: Tensor) => x,
    ([x]) => [x] as never,
  );
  t.throws(() => grad(f)(f64(1)), { message: /the rule of customJvp must return \[value, tangent\]/ });
});

test('the backward of customVjp must return one cotangent per argument', (t) => {
  const f = g.customVjp(
    (x: Tensor) => x,
    (x) => [x.clone(), null],
    () => [],
  );
  t.throws(() => grad((x: Tensor) => f(x).sum())(f64([1])), {
    message: /must return one cotangent per argument \(1\)/,
  });
});

test('stopGradient keeps the value and cuts the gradient; straight-through is built from it', (t) => {
  const x = f64([0.4, 1.6]);
  const f = (y: Tensor): Tensor =>
    y
      .add(g.stopGradient(y.round().sub(y)))
      .mul(f64([3, 5]))
      .sum();
  t.is(f(x).item(), 10);
  t.deepEqual(numbers(grad(f)(x)), [3, 5]);
});

test('all of it works inside a compiled function', (t) => {
  const f = (x: Tensor): Tensor => x.pow(3).sum();
  const all = (x: Tensor): unknown => [
    valueAndGrad(f)(x),
    jvp(f, [x], [x]),
    jacrev((y: Tensor) => y.sin())(x),
    hessian(f)(x),
    vmap(grad(f))(x.reshape([2, 1])),
    g.checkpoint(f, x),
  ];
  const x = f64([0.5, 2]);
  t.deepEqual(numbers(compile(all)(x)), numbers(all(x)));
});

// --- autograd.functional ---------------------------------------------------------------------------------------------------

const pair = [f64([1, 2]), f64([3, 4])] as const;
const cubes = (x: Tensor): Tensor => x.pow(3).sum();

const products: readonly (readonly [string, () => unknown, unknown])[] = [
  [
    'jacobian',
    () => F.jacobian((x) => x.mul(x), pair[0]),
    [
      [2, 0],
      [0, 4],
    ],
  ],
  [
    'jacobian of tuples',
    () => F.jacobian((x, y) => [x.mul(y), x.sum()], pair),
    [
      [
        [
          [3, 0],
          [0, 4],
        ],
        [
          [1, 0],
          [0, 2],
        ],
      ],
      [
        [1, 1],
        [0, 0],
      ],
    ],
  ],
  [
    'jacobian, vectorized',
    () => F.jacobian((x) => x.mul(x), pair[0], { vectorize: true }),
    [
      [2, 0],
      [0, 4],
    ],
  ],
  [
    'hessian',
    () => F.hessian(cubes, pair[0]),
    [
      [6, 0],
      [0, 12],
    ],
  ],
  [
    'hessian of tuples',
    () => F.hessian((x, y) => x.mul(y).sum(), pair),
    [
      [
        [
          [0, 0],
          [0, 0],
        ],
        [
          [1, 0],
          [0, 1],
        ],
      ],
      [
        [
          [1, 0],
          [0, 1],
        ],
        [
          [0, 0],
          [0, 0],
        ],
      ],
    ],
  ],
  [
    'vjp',
    () => F.vjp((x) => x.mul(x), pair[0], pair[1]),
    [
      [1, 4],
      [6, 16],
    ],
  ],
  ['vjp without v', () => F.vjp(cubes, pair[0]), [9, [3, 12]]],
  [
    'jvp',
    () => F.jvp((x) => [x.mul(x), x.sum()], pair[0], pair[1]),
    [
      [[1, 4], 3],
      [[6, 16], 7],
    ],
  ],
  ['vhp', () => F.vhp(cubes, pair[0], pair[1]), [9, [18, 48]]],
  ['hvp', () => F.hvp(cubes, pair[0], pair[1]), [9, [18, 48]]],
  ['hvp of a linear function', () => F.hvp((x) => x.sum(), pair[0], pair[1]), [3, [0, 0]]],
];
for (const [what, run, expected] of products)
  test(`functional: ${what}`, (t) => {
    t.deepEqual(numbers(run()), expected);
  });

const words: readonly (readonly [string, () => unknown, string])[] = [
  [
    'an independent input in strict mode',
    () => F.jacobian((x, _y) => x.mul(2), [ones([2]), ones([2])], { strict: true }),
    'Output 0 of the user-provided function is independent of input 1. This is not allowed in strict mode.',
  ],
  [
    'an output without gradient in strict mode',
    () => F.vjp(() => ones([]), ones([2]), null, { strict: true }),
    'Output 0 of the user-provided function does not require gradients.',
  ],
  [
    'a constant Jacobian in strict mode',
    () => F.hessian((x) => x.sum(), ones([2]), { strict: true }),
    'The jacobian of the user-provided function is independent of input 0. This is not allowed in strict mode when create_graph=True.',
  ],
  [
    'a Hessian of a vector',
    () => F.hessian((x) => x.pow(3), ones([2])),
    'The Tensor returned by the function given to hessian should contain a single element',
  ],
  [
    'vjp without v',
    () => F.vjp((x) => x.pow(2), ones([2])),
    'The vector v can only be None if the user-provided function returns a single Tensor with a single element.',
  ],
  [
    'jvp without v',
    () => F.jvp((x) => x.pow(2), ones([2])),
    'The vector v can only be None if the input to the user-provided function is a single Tensor with a single element.',
  ],
  [
    'v of another size',
    () => F.vjp((x) => x.pow(2), ones([2]), ones([3])),
    'v has invalid size: should be [2] but got [3].',
  ],
  [
    'strict and vectorize',
    () => F.jacobian((x) => x, ones([2]), { strict: true, vectorize: true }),
    'torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together.',
  ],
  [
    'inputs that are no tensors',
    () => F.jacobian((x) => x, [ones([2]), 3] as never),
    'The inputs given to jacobian must be either a Tensor or a tuple of Tensors but the value at index 1 has type number.',
  ],
];
for (const [what, run, message] of words)
  test(`functional refuses ${what}`, (t) => {
    const error = t.throws(run)!;
    t.true(error.message.startsWith(message), error.message);
  });

test('functional results are connected to the inputs only with createGraph', (t) => {
  const x = f64([1, 2]).requiresGrad_();
  t.false((F.jacobian((y) => y.pow(3), x) as Tensor).requiresGrad);
  const J = F.jacobian((y) => y.pow(3), x, { createGraph: true }) as Tensor;
  t.deepEqual(numbers(autograd.grad(J.sum(), x)[0]), [6, 12]);
  const [, product] = F.hvp(cubes, x, f64([1, 1]), { createGraph: true });
  t.deepEqual(numbers(autograd.grad((product as Tensor).sum(), x)[0]), [6, 6]);
});
