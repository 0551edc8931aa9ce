// Control flow: cond, scan, foriLoop, whileLoop. In: small functions, eager, compiled, differentiated and mapped over a batch. Out: what
// JavaScript's own `if` and `for` give, and errors that say what to do where a value is not known.

import test from 'ava';
import * as g from '../index.ts';
import type { Tensor } from '../index.ts';
import { f64, nested as numbers } from './helpers/values.ts';

const {
  compile,
  cond,
  foriLoop,
  grad,
  hessian,
  jvp,
  ones,
  scan,
  switchCase,
  tensor,
  vmap,
  whileLoop,
  zeros,
} = g;

const yes = (): Tensor => tensor(true);
const no = (): Tensor => tensor(false);

// --- cond ------------------------------------------------------------------------------------------------------------------

const rootOrDouble = (p: g.Predicate, x: Tensor): Tensor =>
  cond(
    p,
    (y: Tensor) => y.sqrt().sum(),
    (y: Tensor) => y.mul(2).sum(),
    x,
  );

test('cond picks a branch by a plain value or a tensor, which is true if it is not 0', (t) => {
  const x = f64([1, 4]);
  for (const p of [true, 1, yes(), tensor([3])]) t.is(rootOrDouble(p, x).item(), 3);
  for (const p of [false, 0, no(), tensor(0)]) t.is(rootOrDouble(p, x).item(), 10);
  t.is(rootOrDouble(tensor(NaN), x).item(), 3);
});

test('cond calls only the branch that is taken if the predicate can be read', (t) => {
  const called: string[] = [];
  const branch = (name: string) => (): Tensor => {
    called.push(name);
    return tensor(1);
  };
  cond(no(), branch('then'), branch('else'));
  compile(() => cond(true, branch('then'), branch('else')))();
  t.deepEqual(called, ['else', 'then']);
});

test('one compiled program serves both values of a traced predicate', (t) => {
  const f = compile(rootOrDouble);
  t.is(f(yes(), f64([1, 4])).item(), 3);
  t.is(f(no(), f64([1, 4])).item(), 10);
  t.is(f.programs.length, 1);
});

test('derivatives of a traced cond are those of the branch taken, without NaN from the other', (t) => {
  const f = compile((p: Tensor, x: Tensor) => grad((y: Tensor) => rootOrDouble(p, y))(x));
  t.deepEqual(numbers(f(yes(), f64([1, 4]))), [0.5, 0.25]);
  t.deepEqual(numbers(f(no(), f64([0, 4]))), [2, 2]);
  const h = compile((p: Tensor, x: Tensor) => hessian((y: Tensor) => rootOrDouble(p, y.pow(3)))(x));
  t.deepEqual(numbers(h(no(), f64([0, 4]))), [
    [0, 0],
    [0, 48],
  ]);
  const d = compile(
    (p: Tensor, x: Tensor) =>
      jvp((y: Tensor) => rootOrDouble(p, y), [x], [ones([2], { dtype: 'float64' })])[1],
  );
  t.is((d(no(), f64([0, 4])) as Tensor).item(), 4);
});

test('cond chooses for each example of a vmap, also under grad', (t) => {
  const f = (x: Tensor): Tensor =>
    cond(
      x.gt(0),
      (y: Tensor) => y.sqrt(),
      (y: Tensor) => y.mul(3),
      x,
    );
  t.deepEqual(numbers(vmap(f)(f64([-1, 0, 4]))), [-3, 0, 2]);
  t.deepEqual(numbers(vmap(grad(f))(f64([-1, 0, 4]))), [3, 3, 0.25]);
  const shared = vmap((x: Tensor) =>
    cond(
      yes(),
      () => x.add(1),
      () => x,
    ),
  );
  t.deepEqual(numbers(shared(f64([1, 2]))), [2, 3]);
});

test('results of a traced cond may be nested, whatever the order of the keys', (t) => {
  const f = compile((p: Tensor) =>
    cond(
      p,
      () => ({ a: tensor(1), b: [tensor(2)] }),
      () => ({ b: [tensor(20)], a: tensor(10) }),
    ),
  );
  t.deepEqual(numbers(f(no())), { a: 10, b: [20] });
  t.deepEqual(numbers(f(yes())), { a: 1, b: [2] });
});

test('branches of a traced cond must fit: the error names both types', (t) => {
  const between = (a: () => unknown, b: () => unknown) => () => compile((p: Tensor) => cond(p, a, b))(yes());
  t.throws(
    between(
      () => zeros([2]),
      () => zeros([3]),
    ),
    { instanceOf: g.ShapeError, message: /float32\[2\] and float32\[3\]/ },
  );
  t.throws(
    between(
      () => zeros([2]),
      () => zeros([2], { dtype: 'int32' }),
    ),
    { instanceOf: g.DTypeError, message: /float32\[2\] and int32\[2\]/ },
  );
  t.throws(
    between(
      () => [zeros([2])],
      () => zeros([2]),
    ),
    { instanceOf: g.ValueError, message: /\[float32\[2\]\] and float32\[2\]/ },
  );
  t.throws(
    between(
      () => 1,
      () => 2,
    ),
    { instanceOf: g.ValueError, message: /plain values 1 and 2/ },
  );
});

test('a branch of a traced cond must not write outside, and nothing is half-written', (t) => {
  const w = tensor([1, 2], { requiresGrad: true });
  const v = tensor([1, 2]);
  const writes = compile((p: Tensor) =>
    cond(
      p,
      () => v.add_(1),
      () => v,
    ),
  );
  t.throws(() => writes(yes()), { instanceOf: g.TraceError, message: /thenFn must not write/ });
  const accumulates = compile((p: Tensor) =>
    cond(
      p,
      () => v.clone(),
      () => (w.sum().backward(), v.clone()),
    ),
  );
  t.throws(() => accumulates(yes()), { instanceOf: g.TraceError, message: /elseFn must not write/ });
  t.deepEqual([numbers(v), w.grad], [[1, 2], null]);
  const own = compile((p: Tensor) =>
    cond(
      p,
      () => zeros([2]).add_(1),
      () => v.clone(),
    ),
  );
  t.deepEqual(numbers(own(yes())), [1, 1]);
});

test('cond refuses a predicate of several elements, and what is no function', (t) => {
  t.throws(() => rootOrDouble(tensor([true, false]), f64([1])), {
    instanceOf: g.ShapeError,
    message: /bool\[2\]/,
  });
  t.throws(() => cond(true, 1 as never, 2 as never), { message: /expected a function, but got number/ });
  t.throws(
    () =>
      cond(
        'yes' as never,
        () => 1,
        () => 2,
      ),
    { instanceOf: g.ValueError },
  );
});

// --- switchCase ------------------------------------------------------------------------------------------------------------

const branches = [(x: Tensor) => x.mul(2), (x: Tensor) => x.sqrt(), (x: Tensor) => x.pow(3)];
const int = (i: number): Tensor => tensor(i, { dtype: 'int32' });
const picked = (i: number | Tensor, x: Tensor): Tensor => switchCase(i, branches, x);

test('switchCase picks a branch by number; what lies outside takes the first or the last', (t) => {
  const values = [-7, 0, 1, 2, 9].map((i) => [picked(i, f64(4)), picked(int(i), f64(4))]);
  t.deepEqual(numbers(values), [
    [8, 8],
    [8, 8],
    [2, 2],
    [64, 64],
    [64, 64],
  ]);
});

test('switchCase calls only the branch that is taken if the index can be read', (t) => {
  const called: number[] = [];
  switchCase(
    int(1),
    [0, 1, 2].map((k) => () => void called.push(k)),
  );
  t.deepEqual(called, [1]);
});

test('one compiled program serves all values of a traced index, with the derivative of each branch', (t) => {
  const f = compile((i: Tensor, x: Tensor) => [picked(i, x), grad((y: Tensor) => picked(i, y))(x)]);
  t.deepEqual(numbers(f(int(0), f64(0))), [0, 2]); // and no NaN from the square root
  t.deepEqual(numbers(f(int(1), f64(4))), [2, 0.25]);
  t.deepEqual(numbers(f(int(5), f64(2))), [8, 12]);
  t.is(f.programs.length, 1);
});

test('each example of vmap has its own branch', (t) => {
  t.deepEqual(numbers(vmap(picked)(tensor([0, 1, 2], { dtype: 'int32' }), f64([4, 4, 4]))), [8, 2, 64]);
});

test('switchCase refuses what is no index, and no branches', (t) => {
  t.throws(() => picked(1.5, f64(1)), { message: /^switchCase: index must be a whole number, but got 1\.5/ });
  t.throws(() => picked(tensor(1), f64(1)), {
    instanceOf: g.DTypeError,
    message: /^switchCase: Index type must be an integer, got float32\[\]/,
  });
  t.throws(() => picked(tensor([1, 2], { dtype: 'int32' }), f64(1)), {
    instanceOf: g.ShapeError,
    message: /^switchCase: index must have exactly one element, but got int32\[2\]/,
  });
  t.throws(() => switchCase(0, []), { message: /^switchCase: expected a list with at least one branch/ });
});

// --- scan ------------------------------------------------------------------------------------------------------------------

const running = (sum: Tensor, x: Tensor): [Tensor, Tensor] => [sum.add(x), sum.add(x)];
const product = (x: Tensor): Tensor => scan((p: Tensor, v: Tensor) => [p.mul(v), null], f64(1), x)[0];

test('scan carries a value along and stacks the outputs', (t) => {
  t.deepEqual(numbers(scan(running, tensor(0), tensor([1, 2, 3]))), [6, [1, 3, 6]]);
  t.deepEqual(numbers(compile((x: Tensor) => scan(running, tensor(0), x))(tensor([1, 2, 3]))), [
    6,
    [1, 3, 6],
  ]);
});

test('scan in reverse keeps the places of the outputs', (t) => {
  t.deepEqual(numbers(scan(running, tensor(0), tensor([1, 2, 3]), { reverse: true })), [6, [6, 5, 3]]);
});

test('carry, elements and outputs of a scan may be nested; a plain number may be carried', (t) => {
  const step = (
    { h, n }: { h: Tensor; n: number },
    [a, b]: readonly Tensor[],
  ): [{ h: Tensor; n: number }, { before: Tensor }] => [
    { h: h.mul(a).add(b.mul(n)), n: n + 1 },
    { before: h },
  ];
  const xs = [tensor([1, 2, 3]), tensor([1, 1, 1])];
  const [last, { before }] = scan(step, { h: tensor(1), n: 0 }, xs);
  t.deepEqual([numbers(last), numbers(before)], [{ h: 11, n: 3 }, [1, 1, 3]]);
});

test('scan over nothing needs a length; over no element it returns what it was given', (t) => {
  t.deepEqual(numbers(scan((s: Tensor) => [s.mul(2), null], tensor(1), null, { length: 5 })), [32, null]);
  const [carry, y] = scan(
    (s: Tensor, x: Tensor) => [s.add(x.sum()), x.sum().to('float64')],
    tensor(1),
    zeros([0, 3]),
  );
  t.deepEqual([carry.item(), y.shape, y.dtype], [1, [0], 'float64']);
});

test('derivatives of a scan, of any order, eager, compiled and per example', (t) => {
  const x = f64([2, 3, 4]);
  const second = [
    [0, 4, 3],
    [4, 0, 2],
    [3, 2, 0],
  ];
  t.deepEqual(numbers(grad(product)(x)), [12, 8, 6]);
  t.deepEqual(numbers(hessian(product)(x)), second);
  t.deepEqual(numbers(compile((v: Tensor) => hessian(product)(v))(x)), second);
  t.deepEqual(
    numbers(
      vmap(grad(product))(
        f64([
          [2, 3, 4],
          [1, 1, 5],
        ]),
      ),
    ),
    [
      [12, 8, 6],
      [5, 5, 1],
    ],
  );
});

test('the errors of scan', (t) => {
  const keep = (s: Tensor): [Tensor, null] => [s, null];
  t.throws(() => scan(running, tensor(0), zeros([2, 3])), {
    instanceOf: g.ShapeError,
    message: /float32\[\] and float32\[3\]/,
  });
  t.throws(() => scan(keep, tensor(0), [zeros([2]), zeros([3])]), {
    instanceOf: g.ShapeError,
    message: /sizes: 2, 3/,
  });
  t.throws(() => scan(keep, tensor(0), null), { message: /no values to scan over/ });
  t.throws(() => scan(keep, tensor(0), tensor(1)), { message: /no leading axis/ });
  t.throws(() => scan(keep, tensor(0), zeros([2]), { length: 3 }), {
    message: /disagrees with leading axis sizes \[2\]/,
  });
  t.throws(() => scan(keep, tensor(0), null, { length: -1 }), { message: /length must be a whole number/ });
  t.throws(() => scan(((s: Tensor) => s) as never, tensor(0), zeros([2])), {
    message: /must return \[carry, y\], but got Tensor/,
  });
  t.throws(() => scan(keep, tensor(0), zeros([2]), { lenght: 2 } as never), {
    message: /unexpected keyword argument 'lenght'/,
  });
});

// --- loops -----------------------------------------------------------------------------------------------------------------

test('foriLoop counts from lo to hi, not at all if there is nothing between', (t) => {
  const body = (i: number, x: Tensor): Tensor => x.mul(2).add(i);
  t.is(foriLoop(0, 3, body, tensor(1)).item(), 12);
  t.is(foriLoop(tensor(0), tensor(3, { dtype: 'int32' }), body, tensor(1)).item(), 12);
  t.is(foriLoop(3, 0, body, tensor(1)).item(), 1);
  t.is(compile((x: Tensor) => foriLoop(0, 3, body, x))(tensor(1)).item(), 12);
  t.is(
    foriLoop(0, 4, (i, sum: number) => sum + i, 0),
    6,
  );
});

test('foriLoop refuses bounds that are not whole or not known, and a value that changes its type', (t) => {
  const twice = (_: number, x: Tensor): Tensor => x.mul(2);
  t.throws(() => foriLoop(0, 2.5, twice, tensor(1)), {
    instanceOf: g.ValueError,
    message: /hi must be a whole number/,
  });
  const dynamic = compile((n: Tensor) => foriLoop(0, n, twice, tensor(1)));
  t.throws(() => dynamic(tensor(3)), {
    instanceOf: g.TraceError,
    message: /hi is a tensor[^]*Pass a plain number/,
  });
  t.throws(() => foriLoop(0, 2, (_, x: Tensor) => x.to('float64'), tensor(1)), { instanceOf: g.DTypeError });
});

test('whileLoop goes on as long as the condition holds, and can be differentiated', (t) => {
  const below = (x: Tensor): Tensor => x.lt(100);
  t.is(whileLoop(below, (x) => x.mul(2), tensor(1)).item(), 128);
  t.is(whileLoop(below, (x) => x.mul(2), tensor(200)).item(), 200);
  t.is(grad((x: Tensor) => whileLoop(below, (v) => v.mul(v), x))(f64(3)).item(), 8 * 3 ** 7);
});

test('whileLoop with a condition of plain numbers works inside compile', (t) => {
  const f = compile((x: Tensor) =>
    whileLoop(
      ({ i }) => i < 3,
      ({ i, y }) => ({ i: i + 1, y: y.mul(2) }),
      { i: 0, y: x },
    ),
  );
  t.deepEqual(numbers(f(tensor(1))), { i: 3, y: 8 });
});

test('whileLoop says what to do where the condition is not known', (t) => {
  const f = (x: Tensor): Tensor =>
    whileLoop(
      (v) => v.lt(100),
      (v) => v.mul(2),
      x,
    );
  t.throws(() => compile(f)(tensor(1)), {
    instanceOf: g.TraceError,
    message: /compiled function 'f'[^]*Use foriLoop or scan/,
  });
  t.throws(() => vmap(f)(tensor([1])), {
    instanceOf: g.TraceError,
    message: /inside vmap[^]*Use foriLoop or scan/,
  });
});
