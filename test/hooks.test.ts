// Hooks on tensors and on backward functions, in PyTorch 2's order. In: small graphs with hooks that note what they see. Out: what was called
// when, and what became of the gradients.

import test from 'ava';
import { AutogradError, autograd, enableGrad, ones, tensor } from '../index.ts';
import type { Tensor } from '../index.ts';
import { nested as numbers } from './helpers/values.ts';

const leaf = (...data: number[]): Tensor => tensor(data, { requiresGrad: true });

// --- tensors ---------------------------------------------------------------------------------------------------------------

test('a hook sees the gradient when all paths have been added', (t) => {
  const x = leaf(1, 2);
  const y = x.mul(2);
  const seen: unknown[] = [];
  y.registerHook((g) => void seen.push(numbers(g)));
  y.mul(3).add(y.mul(4)).sum().backward();
  t.deepEqual(seen, [[7, 7]]);
});

test('what a hook returns takes the place of the gradient, for all hooks after it', (t) => {
  const x = leaf(1);
  const y = x.mul(2);
  y.registerHook((g) => g.mul(10));
  y.registerHook((g) => g.add(1));
  y.backward();
  t.deepEqual(numbers(x.grad), [22]);
});

test('a hook on a leaf changes what is added to .grad', (t) => {
  const x = leaf(1);
  x.registerHook((g) => g.mul(-1));
  x.mul(3).backward();
  t.deepEqual(numbers(x.grad), [-3]);
});

test('a hook that was removed is not called; removing it twice does no harm', (t) => {
  const x = leaf(1);
  let calls = 0;
  const handle = x.registerHook(() => void calls++);
  x.mul(3).backward();
  handle.remove();
  handle.remove();
  x.mul(3).backward();
  t.is(calls, 1);
});

test('the same function may be registered twice, and is removed once by each handle', (t) => {
  const x = leaf(1);
  let calls = 0;
  const hook = (): void => void calls++;
  const first = x.registerHook(hook);
  x.registerHook(hook);
  x.mul(1).backward();
  first.remove();
  x.mul(1).backward();
  t.is(calls, 3);
});

test('hooks run from the youngest function to the oldest, leaves at once', (t) => {
  const [a, b] = [leaf(1), leaf(1)];
  const [y1, y2] = [a.mul(2), b.mul(3)];
  const order: string[] = [];
  for (const [name, x] of Object.entries({ a, b, y1, y2 })) x.registerHook(() => void order.push(name));
  y1.add(y2).backward();
  t.deepEqual(order, ['y2', 'b', 'y1', 'a']);
});

test('hooks registered before a write in place stay with the old value', (t) => {
  const x = leaf(1);
  const y = x.mul(2);
  const seen: string[] = [];
  y.registerHook((g) => void seen.push(`old ${String(numbers(g))}`));
  y.mul_(5);
  y.registerHook((g) => void seen.push(`new ${String(numbers(g))}`));
  y.backward();
  t.deepEqual(seen, ['new 1', 'old 5']);
});

test('a hook that throws stops backward; what had run stays', (t) => {
  const x = leaf(1);
  const y = x.exp();
  const z = y.exp();
  y.registerHook(() => {
    throw new Error('from the hook');
  });
  t.throws(() => z.backward(), { message: 'from the hook' });
  t.is(x.grad, null);
  t.throws(() => z.backward(), { message: /^Trying to backward through the graph a second time/ });
});

const refusals: readonly (readonly [string, () => unknown, RegExp])[] = [
  [
    'a hook on a tensor without gradient',
    () => ones([3]).registerHook((g) => g),
    /^cannot register a hook on a tensor that doesn't require gradient/,
  ],
  [
    'a gradient of another size',
    () => {
      const x = leaf(1, 2, 3);
      x.registerHook(function half(g) {
        return g.slice(0, 0, 2);
      });
      x.sum().backward();
    },
    /^hook 'half' has changed the size of value/,
  ],
  [
    'a gradient that is no tensor',
    () => {
      const x = leaf(1);
      x.registerHook((() => 5) as never);
      x.sum().backward();
    },
    /^expected Variable, but hook returned 'number'/,
  ],
  [
    'retainGrad on a tensor without gradient',
    () => ones([3]).retainGrad(),
    /^can't retain_grad on Tensor that has requires_grad=False/,
  ],
  [
    'a post-accumulate hook on what is no leaf',
    () =>
      leaf(1)
        .mul(2)
        .registerPostAccumulateGradHook(() => undefined),
    /^post accumulate grad hooks cannot be registered on non-leaf tensors/,
  ],
];
for (const [what, run, message] of refusals)
  test(`refused: ${what}`, (t) => {
    t.throws(run, { message });
  });

// --- retainGrad ------------------------------------------------------------------------------------------------------------

test('a tensor in the middle keeps its gradient if it is asked to, and adds further ones', (t) => {
  const x = leaf(1);
  const y = x.mul(2);
  y.retainGrad();
  t.true(y.retainsGrad);
  y.mul(3).backward(null, { retainGraph: true });
  t.deepEqual(numbers(y.grad), [3]);
  y.mul(4).backward();
  t.deepEqual(numbers(y.grad), [7]);
});

test('retainGrad does nothing to a leaf', (t) => {
  const x = leaf(1);
  x.retainGrad();
  t.false(x.retainsGrad);
});

test('a retained gradient is what the hooks leave, whatever the order of registration', (t) => {
  for (const first of [true, false]) {
    const y = leaf(1).mul(1);
    if (first) y.retainGrad();
    y.registerHook((g) => g.mul(2));
    if (!first) y.retainGrad();
    y.registerHook((g) => g.mul(2));
    y.mul(1).backward();
    t.deepEqual(numbers(y.grad), [4]);
  }
});

test('a retained gradient follows a write in place to the new value', (t) => {
  const x = leaf(3);
  const y = x.mul(2);
  y.retainGrad();
  y.mul_(5);
  y.backward();
  t.deepEqual(numbers(y.grad), [1]);
});

// --- functions -------------------------------------------------------------------------------------------------------------

test('a hook on a function sees the gradients of its inputs and of its outputs, and may replace the former', (t) => {
  const [x, y] = [leaf(2), leaf(3)];
  const z = x.mul(y);
  const seen: unknown[] = [];
  z.gradFn!.registerHook((inputs, outputs) => {
    seen.push([...inputs, ...outputs].map(numbers));
    return inputs.map((g) => g && g.mul(100));
  });
  z.backward();
  t.deepEqual(seen, [[[3], [2], [1]]]);
  t.deepEqual([numbers(x.grad), numbers(y.grad)], [[300], [200]]);
});

test('one tensor that is used twice has two gradients there', (t) => {
  const x = leaf(3);
  const z = x.mul(x);
  let seen: unknown;
  z.gradFn!.registerHook((inputs) => {
    seen = inputs.map(numbers);
  });
  z.backward();
  t.deepEqual(seen, [[3], [3]]);
  t.deepEqual(numbers(x.grad), [6]);
});

test('a prehook sees the gradients of the outputs before the function runs, and may replace them', (t) => {
  const x = leaf(2);
  const y = x.mul(5);
  y.gradFn!.registerPrehook(([g]) => [g!.mul(2)]);
  y.gradFn!.registerPrehook(([g]) => [g!.add(1)]);
  y.backward();
  t.deepEqual(numbers(x.grad), [15]);
});

test('a hook that returns another number of gradients is refused', (t) => {
  const y = leaf(2).mul(5);
  y.gradFn!.registerHook(() => []);
  t.throws(() => y.backward(), { message: /^hook returned an incorrect number of gradients/ });
});

test('the addition to .grad is a function with hooks of its own', (t) => {
  const x = leaf(2);
  const [[adds]] = x.mul(1).gradFn!.nextFunctions;
  const seen: unknown[] = [];
  adds!.registerPrehook(([g]) => [g!.mul(3)]);
  adds!.registerHook(() => void seen.push(numbers(x.grad)));
  x.mul(1).backward();
  t.deepEqual(seen, [[3]]);
});

test('a post-accumulate hook runs after .grad has been updated', (t) => {
  const x = leaf(2);
  const seen: unknown[] = [];
  const handle = x.registerPostAccumulateGradHook((p) => {
    seen.push(numbers(p.grad));
    p.grad = null;
  });
  x.mul(3).backward();
  x.mul(4).backward();
  t.deepEqual(seen, [[3], [4]]);
  t.is(x.grad, null);
  handle.remove();
  x.mul(5).backward();
  t.deepEqual(numbers(x.grad), [5]);
});

// --- the order of all of them (PyTorch: test_prehook_ordering and its neighbours) ---------------------------------------------

function withAllHooks(): { a: Tensor; b: Tensor; log: string[] } {
  const log: string[] = [];
  const a = leaf(1);
  const b = a.clone();
  const [[adds]] = b.gradFn!.nextFunctions;
  const onTensor = (name: string) => (g: Tensor) => {
    log.push(`tensor ${name}`);
    return g.mul(3);
  };
  const before = (name: string) => (gs: readonly (Tensor | null)[]) => {
    log.push(`before ${name}`);
    return gs.map((g) => g!.mul(2));
  };
  b.gradFn!.registerPrehook(before('b'));
  b.registerHook(onTensor('b'));
  b.gradFn!.registerHook(() => void log.push('after b'));
  adds!.registerPrehook(before('a'));
  a.registerHook(onTensor('a'));
  a.registerPostAccumulateGradHook(() => void log.push('added a'));
  adds!.registerHook(() => void log.push('after a'));
  return { a, b, log };
}

test('hooks of the tensor come before prehooks of the function, whatever the order of registration', (t) => {
  const { a, b, log } = withAllHooks();
  b.sum().backward();
  t.deepEqual(log, ['tensor b', 'before b', 'after b', 'tensor a', 'before a', 'added a', 'after a']);
  t.deepEqual(numbers(a.grad), [36]);
});

test('a retained gradient is taken after the hooks of the tensor and before the prehooks of the function', (t) => {
  const { b } = withAllHooks();
  b.retainGrad();
  b.sum().backward();
  t.deepEqual(numbers(b.grad), [3]);
});

test('grad calls the hooks of its inputs, but does not run what lies behind them', (t) => {
  const { a, b, log } = withAllHooks();
  const [g] = autograd.grad(b.sum(), a);
  t.deepEqual(log, ['tensor b', 'before b', 'after b', 'tensor a']);
  t.deepEqual(numbers(g), [18]);
  t.is(a.grad, null);
});

test('backward with inputs runs the functions of those inputs', (t) => {
  const { a, b, log } = withAllHooks();
  b.sum().backward(null, { inputs: b });
  t.deepEqual(log, ['tensor b', 'before b', 'after b']);
  t.deepEqual(numbers(b.grad), [3]);
  t.is(a.grad, null);
});

test('grad by a tensor whose function runs as well gives the gradient before its hooks', (t) => {
  const x = leaf(2);
  const y = x.mul(3);
  y.registerHook((g) => g.mul(10));
  const [gy, gx] = autograd.grad(y.mul(1), [y, x]);
  t.deepEqual([numbers(gy), numbers(gx)], [[1], [30]]);
});

// --- sets of tensors -------------------------------------------------------------------------------------------------------

test('a hook on several tensors runs once per backward, when all have their gradients', (t) => {
  const [x, y, z] = [leaf(1), leaf(2), leaf(3)];
  const seen: unknown[] = [];
  const handle = autograd.graph.registerMultiGradHook([x, y, z], (gs) => void seen.push(gs.map(numbers)));
  x.mul(y).mul(z).backward();
  t.deepEqual(seen, [[[6], [3], [2]]]);
  x.mul(y).mul(z).backward();
  t.is(seen.length, 2);
  handle.remove();
  x.mul(y).mul(z).backward();
  t.is(seen.length, 2);
});

test('it waits only for those that this backward reaches', (t) => {
  const [x, y, z] = [leaf(1), leaf(2), leaf(3)];
  const seen: unknown[] = [];
  autograd.graph.registerMultiGradHook([x, y, z], (gs) => void seen.push(gs.map(numbers)));
  x.mul(z).backward();
  t.deepEqual(seen, [[[3], null, [1]]]);
  x.mul(y).backward();
  t.deepEqual(seen[1], [[2], [1], null]);
});

test('in the mode any it runs at the first gradient', (t) => {
  const [x, y] = [leaf(1), leaf(2)];
  const seen: unknown[] = [];
  autograd.graph.registerMultiGradHook([x, y], (g) => void seen.push(numbers(g)), { mode: 'any' });
  x.mul(2).add(y.mul(3)).backward();
  t.deepEqual(seen, [[3]]);
});

// --- hooks and higher orders -----------------------------------------------------------------------------------------------

test('with createGraph what a hook computes is differentiated too', (t) => {
  const x = leaf(2);
  const y = x.mul(x);
  y.registerHook((g) => g.mul(x));
  const [first] = autograd.grad(y.mul(1), x, { createGraph: true });
  t.deepEqual(numbers(first), [8]);
  t.deepEqual(numbers(autograd.grad(first, x)[0]), [8]);
});

test('without it hooks run without recording', (t) => {
  const x = leaf(2);
  const y = x.mul(3);
  const recorded: boolean[] = [];
  y.registerHook((g) => {
    recorded.push(g.mul(x).requiresGrad);
  });
  y.backward();
  t.deepEqual(recorded, [false]);
});

test('a backward within a hook is a backward of its own', (t) => {
  const [x, w] = [leaf(2), leaf(5)];
  const y = x.mul(3);
  y.registerHook(() => enableGrad(() => w.mul(7).backward()));
  y.mul(1).backward();
  t.deepEqual([numbers(x.grad), numbers(w.grad)], [[3], [7]]);
});

// --- what is kept ----------------------------------------------------------------------------------------------------------

const { disableSavedTensorsHooks, saveOnCpu, savedTensorsHooks } = autograd.graph;
const same = (x: Tensor): Tensor => x;

test('saveOnCpu keeps values as they are, past the hooks around it', (t) => {
  const x = leaf(1, 2);
  let packed = 0;
  const count = (y: Tensor): Tensor => (packed++, y);
  const y = savedTensorsHooks(count, same, () => saveOnCpu(() => x.mul(x)).exp());
  y.sum().backward();
  t.is(packed, 1);
  t.deepEqual(numbers(x.grad), numbers(x.mul(x).exp().mul(x).mul(2)));
});

test('where hooks on what is kept are refused, setting some is an error with the message given', (t) => {
  const refused = { instanceOf: AutogradError, message: /^no hooks in here\n at test\/hooks\.test\.ts/ };
  disableSavedTensorsHooks('no hooks in here', () => {
    t.throws(() => savedTensorsHooks(same, same, () => leaf(1).exp()), refused);
    t.throws(() => saveOnCpu(() => leaf(1).exp()), refused);
  });
  t.notThrows(() => saveOnCpu(() => leaf(1).exp()));
});

test('refusing hooks while some are set is an error with the message given', (t) => {
  t.throws(() => saveOnCpu(() => disableSavedTensorsHooks('no hooks in here', () => null)), {
    message: /^no hooks in here/,
  });
});

test('the innermost refusal counts, also after an error, and what it ran is returned', (t) => {
  disableSavedTensorsHooks('outer', () => {
    t.is(
      disableSavedTensorsHooks('inner', () => 3),
      3,
    );
    t.throws(() => disableSavedTensorsHooks('inner', () => saveOnCpu(() => null)), { message: /^inner/ });
    t.throws(() => saveOnCpu(() => null), { message: /^outer/ });
  });
});
