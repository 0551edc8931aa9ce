// autograd.Function: functions with a forward and a backward of the user's. In: small classes. Out: values, gradients of both orders, and the
// errors in PyTorch's words.

import test from 'ava';
import * as g from '../index.ts';
import type { Context, Tensor } from '../index.ts';
import { nested as numbers } from './helpers/values.ts';

const { autograd, ones, tensor, zeros } = g;

const leaf = (...data: number[]): Tensor => tensor(data, { requiresGrad: true, dtype: 'float64' });
const freed = /^Trying to backward through the graph a second time/;

class Exp extends autograd.Function {
  static forward(ctx: Context, x: Tensor): Tensor {
    const y = x.exp();
    ctx.saveForBackward(y);
    return y;
  }
  static backward(ctx: Context, gradient: Tensor): Tensor {
    const [y] = ctx.savedTensors;
    return gradient.mul(y);
  }
}

class Scale extends autograd.Function {
  static forward(ctx: Context, x: Tensor, by: number): Tensor {
    ctx.by = by;
    return x.mul(by);
  }
  static backward(ctx: Context, gradient: Tensor): [Tensor, null] {
    return [gradient.mul(ctx.by as number), null];
  }
}

class Product extends autograd.Function {
  static forward(ctx: Context, x: Tensor, y: Tensor): Tensor {
    ctx.saveForBackward(x, y);
    return x.mul(y);
  }
  static backward(ctx: Context, gradient: Tensor): (Tensor | null)[] {
    const [x, y] = ctx.savedTensors;
    return [ctx.needsInputGrad[0] ? gradient.mul(y) : null, ctx.needsInputGrad[1] ? gradient.mul(x) : null];
  }
}

// --- values and gradients --------------------------------------------------------------------------------------------------

test("the result carries one function with the class's name", (t) => {
  const x = leaf(1, 2);
  const y = Exp.apply(x);
  t.is(y.gradFn?.name, 'ExpBackward');
  t.regex(String(y), /grad_fn=<ExpBackward>/);
  t.is(y.gradFn?.nextFunctions[0][0]?.name, 'AccumulateGrad');
  t.is(y.gradFn?.nextFunctions.length, 1);
});

test('its backward is used, and derivatives of any order through what it saved', (t) => {
  const x = leaf(0.5, 1);
  const [first] = autograd.grad(Exp.apply(x).sum(), x, { createGraph: true });
  const [second] = autograd.grad(first.sum(), x, { createGraph: true });
  const [third] = autograd.grad(second.sum(), x);
  for (const d of [first, second, third]) t.true(g.allclose(d, x.exp()));
});

test('gradcheck and gradgradcheck agree with it', (t) => {
  t.true(autograd.gradcheck((x) => Exp.apply(x), leaf(0.1, 0.2)));
  t.true(autograd.gradgradcheck((x, y) => Product.apply(x, y), [leaf(1, 2), leaf(3, 4)]));
});

test('other data on the context survives, and arguments that are no tensors get null', (t) => {
  const x = leaf(1);
  Scale.apply(x, 7).backward();
  t.deepEqual(numbers(x.grad), [7]);
});

test('the forward is not recorded', (t) => {
  let recorded: boolean | null = null;
  class Look extends autograd.Function {
    static forward(_ctx: Context, x: Tensor): Tensor {
      const y = x.mul(2);
      recorded = y.requiresGrad || g.isGradEnabled();
      return y;
    }
    static backward(_ctx: Context, gradient: Tensor): Tensor {
      return gradient;
    }
  }
  Look.apply(leaf(1));
  t.false(recorded!);
});

test('needsInputGrad says which arguments require grad', (t) => {
  let seen: unknown;
  class Look extends autograd.Function {
    static forward(ctx: Context, x: Tensor, _y: Tensor, _n: number): Tensor {
      seen = ctx.needsInputGrad;
      return x.mul(2);
    }
    static backward(_ctx: Context, gradient: Tensor): unknown {
      return [gradient, null, null];
    }
  }
  Look.apply(leaf(1), ones([1]), 3);
  t.deepEqual(seen, [true, false, false]);
});

test('without an argument that requires grad nothing is recorded', (t) => {
  t.false(Exp.apply(ones([2])).requiresGrad);
  t.false(g.noGrad(() => Exp.apply(leaf(1))).requiresGrad);
});

test('setupContext separates the forward from what is kept', (t) => {
  class Square extends autograd.Function {
    static forward(x: Tensor): Tensor {
      return x.mul(x);
    }
    static setupContext(ctx: Context, [x]: readonly Tensor[], _output: Tensor): void {
      ctx.saveForBackward(x);
    }
    static backward(ctx: Context, gradient: Tensor): Tensor {
      return gradient.mul(ctx.savedTensors[0]).mul(2);
    }
  }
  const x = leaf(3);
  Square.apply(x).backward();
  t.deepEqual(numbers(x.grad), [6]);
});

test('vjp is another name of backward; both together are refused', (t) => {
  class Twice extends autograd.Function {
    static forward(_ctx: Context, x: Tensor): Tensor {
      return x.mul(2);
    }
    static vjp(_ctx: Context, gradient: Tensor): Tensor {
      return gradient.mul(2);
    }
  }
  const x = leaf(3);
  Twice.apply(x).backward();
  t.deepEqual(numbers(x.grad), [2]);
  class Both extends Twice {
    static backward(_ctx: Context, gradient: Tensor): Tensor {
      return gradient;
    }
  }
  t.throws(() => Both.apply(x).backward(), { message: /^Implementing both 'backward' and 'vjp'/ });
});

// --- several results, and results that are special ------------------------------------------------------------------------------

class Split extends autograd.Function {
  static forward(ctx: Context, x: Tensor): [Tensor, Tensor, string] {
    ctx.saveForBackward(x);
    return [x.mul(2), x.mul(3), 'text'];
  }
  static backward(_ctx: Context, a: Tensor, b: Tensor): Tensor {
    return a.mul(2).add(b.mul(3));
  }
}

test('several results are outputs of one function; what is no tensor is passed on', (t) => {
  const x = leaf(1);
  const [a, b, text] = Split.apply(x);
  t.is(text, 'text');
  t.is(a.gradFn, b.gradFn);
  a.add(b.mul(10)).backward();
  t.deepEqual(numbers(x.grad), [32]);
});

test('gradients that nobody gave arrive as zeros', (t) => {
  const x = leaf(1, 1);
  Split.apply(x)[0].sum().backward();
  t.deepEqual(numbers(x.grad), [2, 2]);
});

test('with setMaterializeGrads(false) they arrive as null', (t) => {
  let seen: unknown;
  class Raw extends autograd.Function {
    static forward(ctx: Context, x: Tensor): [Tensor, Tensor] {
      ctx.setMaterializeGrads(false);
      return [x.mul(2), x.mul(3)];
    }
    static backward(_ctx: Context, a: Tensor | null, b: Tensor | null): Tensor | null {
      seen = [a === null, b === null];
      return a && a.mul(2);
    }
  }
  const x = leaf(1);
  Raw.apply(x)[0].backward();
  t.deepEqual(seen, [false, true]);
  t.deepEqual(numbers(x.grad), [2]);
});

test('results marked as not differentiable require no grad', (t) => {
  class Sorted extends autograd.Function {
    static forward(ctx: Context, x: Tensor): [Tensor, Tensor] {
      const [values, places] = [x.mul(1), x.mul(0)];
      ctx.markNonDifferentiable(places);
      return [values, places];
    }
    static backward(_ctx: Context, a: Tensor, b: Tensor): Tensor {
      return a.add(b);
    }
  }
  const x = leaf(1, 2);
  const [values, places] = Sorted.apply(x);
  t.true(values.requiresGrad);
  t.false(places.requiresGrad);
  values.sum().backward();
  t.deepEqual(numbers(x.grad), [1, 1]);
});

test('an argument that is returned becomes a tensor of its own', (t) => {
  class Identity extends autograd.Function {
    static forward(_ctx: Context, x: Tensor): Tensor {
      return x;
    }
    static backward(_ctx: Context, gradient: Tensor): Tensor {
      return gradient.mul(5);
    }
  }
  const x = leaf(1);
  const y = Identity.apply(x);
  t.true(y !== x);
  t.true(x.isLeaf);
  y.backward();
  t.deepEqual(numbers(x.grad), [5]);
});

class DoubleInPlace extends autograd.Function {
  static forward(ctx: Context, x: Tensor): Tensor {
    ctx.markDirty(x);
    return x.mul_(2);
  }
  static backward(_ctx: Context, gradient: Tensor): Tensor {
    return gradient.mul(2);
  }
}

test('an argument that was changed in place gets the new history itself', (t) => {
  const x = leaf(3);
  const y = x.mul(1);
  const z = DoubleInPlace.apply(y);
  t.true(z === y);
  t.is(y.gradFn?.name, 'DoubleInPlaceBackward');
  y.mul(10).backward();
  t.deepEqual(numbers(x.grad), [20]);
  t.deepEqual(numbers(y), [6]);
});

test('a leaf that requires grad cannot be marked dirty, and what is dirty must be returned', (t) => {
  t.throws(() => DoubleInPlace.apply(leaf(1)), {
    message: /^a leaf Variable that requires grad is being used in an in-place/,
  });
  class Forgets extends DoubleInPlace {
    static override forward(ctx: Context, x: Tensor): Tensor {
      ctx.markDirty(x);
      return x.mul(2);
    }
  }
  t.throws(() => Forgets.apply(leaf(1).mul(1)), {
    message: /^Some elements marked as dirty during the forward method were not returned as output\./,
  });
});

// --- null gradients --------------------------------------------------------------------------------------------------------

test('a backward may return null, and then no gradient arrives', (t) => {
  class Stop extends autograd.Function {
    static forward(_ctx: Context, x: Tensor): Tensor {
      return x.mul(2);
    }
    static backward(): null {
      return null;
    }
  }
  const x = leaf(1);
  Stop.apply(x.mul(3)).backward();
  t.is(x.grad, null);
  t.throws(() => autograd.grad(Stop.apply(x), x), { message: /appears to not have been used in the graph/ });
  t.deepEqual(autograd.grad(Stop.apply(x), x, { materializeGrads: true }).map(numbers), [[0]]);
});

test('a function behind one that returned null still runs, with zeros', (t) => {
  const seen: unknown[] = [];
  class Looks extends autograd.Function {
    static forward(_ctx: Context, x: Tensor): Tensor {
      return x.mul(1);
    }
    static backward(_ctx: Context, gradient: Tensor): Tensor {
      seen.push(numbers(gradient));
      return gradient;
    }
  }
  class Stop extends Looks {
    static override backward(): never {
      return null as never;
    }
  }
  const x = leaf(1);
  Stop.apply(Looks.apply(x)).backward();
  t.deepEqual(seen, [[0]]);
  t.deepEqual(numbers(x.grad), [0]);
});

test('extra gradients that are null do no harm', (t) => {
  class Extra extends autograd.Function {
    static forward(_ctx: Context, x: Tensor): Tensor {
      return x.mul(2);
    }
    static backward(_ctx: Context, gradient: Tensor): unknown {
      return [gradient, null, null];
    }
  }
  t.notThrows(() => Extra.apply(leaf(1)).backward());
});

test('a gradient is summed to the shape of a broadcast argument and cast to its dtype', (t) => {
  class Wide extends autograd.Function {
    static forward(_ctx: Context, x: Tensor): Tensor {
      return x.expand([4, 3]).mul(2);
    }
    static backward(_ctx: Context, gradient: Tensor): Tensor {
      return gradient.mul(2).double();
    }
  }
  const x = ones([1, 3], { requiresGrad: true });
  Wide.apply(x).sum().backward();
  t.deepEqual(numbers(x.grad), [[8, 8, 8]]);
  t.is(x.grad!.dtype, 'float32');
});

// --- saving and freeing ----------------------------------------------------------------------------------------------------

test('saved tensors are freed with the graph, other data is not', (t) => {
  const x = leaf(1);
  const y = Exp.apply(x);
  y.backward();
  t.throws(() => y.backward(), { message: freed });
  const z = Scale.apply(x, 3);
  z.backward();
  t.notThrows(() => z.backward());
});

test('retainGraph keeps them', (t) => {
  const y = Exp.apply(leaf(1));
  y.backward(null, { retainGraph: true });
  t.notThrows(() => y.backward());
});

test('what was saved is the value of that time', (t) => {
  const [x, w] = [leaf(1), tensor([3], { dtype: 'float64' })];
  const y = Product.apply(x, w);
  w.zero_();
  y.backward();
  t.deepEqual(numbers(x.grad), [3]);
});

test('an argument comes back as itself, null as null', (t) => {
  let same = false;
  class Saves extends autograd.Function {
    static forward(ctx: Context, x: Tensor): Tensor {
      ctx.saveForBackward(x, null);
      ctx.x = x;
      return x.mul(2);
    }
    static backward(ctx: Context, gradient: Tensor): Tensor {
      const [x, nothing] = ctx.savedTensors;
      same = x === ctx.x && nothing === null;
      return gradient;
    }
  }
  Saves.apply(leaf(1)).backward();
  t.true(same);
});

test('saved tensors go through the hooks that are set', (t) => {
  const seen: string[] = [];
  const x = leaf(0);
  const y = autograd.graph.savedTensorsHooks(
    (saved: Tensor) => {
      seen.push('pack');
      return saved;
    },
    (saved) => {
      seen.push('unpack');
      return saved;
    },
    () => Exp.apply(x),
  );
  y.backward();
  t.deepEqual(seen, ['pack', 'unpack']);
  t.deepEqual(numbers(x.grad), [1]);
});

// --- errors ----------------------------------------------------------------------------------------------------------------

/** A function of one argument with this backward. */
const withBackward = (name: string, backward: (...args: never[]) => unknown): ((x: Tensor) => Tensor) => {
  const made = class extends autograd.Function {
    static forward(_ctx: Context, x: Tensor): Tensor {
      return x.mul(2);
    }
    static backward = backward;
  };
  Object.defineProperty(made, 'name', { value: name });
  return (x) => made.apply(x);
};

test('too few gradients', (t) => {
  class F1 extends autograd.Function {
    static forward(_ctx: Context, a: Tensor, b: Tensor): Tensor {
      return a.mul(b);
    }
    static backward(_ctx: Context, gradient: Tensor): Tensor {
      return gradient;
    }
  }
  t.throws(() => F1.apply(leaf(1), leaf(1)).backward(), {
    message: /^function F1Backward returned an incorrect number of gradients \(expected 2, got 1\)/,
  });
});

test('a gradient of the wrong shape', (t) => {
  const f = withBackward('F2', ((_: Context, gradient: Tensor) => gradient.slice(0, 0, 2)) as never);
  t.throws(
    () =>
      f(leaf(1, 2, 3))
        .sum()
        .backward(),
    {
      message:
        /^Function F2Backward returned an invalid gradient at index 0 - got \[2\] but expected shape compatible with \[3\]/,
    },
  );
});

test('a gradient that is no tensor', (t) => {
  const f = withBackward('F3', () => 3);
  t.throws(() => f(leaf(1)).backward(), { message: /^expected Variable or None \(got number\)/ });
});

test('a gradient for what is no tensor', (t) => {
  class F extends Scale {
    static override backward(_ctx: Context, gradient: Tensor): never {
      return [gradient, gradient] as never;
    }
  }
  t.throws(() => F.apply(leaf(1), 2).backward(), {
    message:
      /^function FBackward returned a gradient different from None at position 2, but the corresponding forward input was not a Variable/,
  });
});

test('saving what is no tensor', (t) => {
  class F4 extends autograd.Function {
    static forward(ctx: Context, x: Tensor): Tensor {
      ctx.saveForBackward(3 as never);
      return x.mul(2);
    }
    static backward(_ctx: Context, gradient: Tensor): Tensor {
      return gradient;
    }
  }
  const error = t.throws(() => F4.apply(leaf(1)))!;
  t.regex(error.message, /^save_for_backward can only save variables, but argument 0 is of type number/);
});

test('no backward at all', (t) => {
  class F5 extends autograd.Function {
    static forward(_ctx: Context, x: Tensor): Tensor {
      return x.mul(2);
    }
  }
  const y = F5.apply(leaf(1));
  t.throws(() => y.backward(), {
    message: /^You must implement either the backward or vjp method for your custom autograd\.Function/,
  });
});

test('an error from the backward comes out as it is', (t) => {
  const f = withBackward('F', () => {
    throw new RangeError('mine');
  });
  t.throws(() => f(leaf(1)).backward(), { instanceOf: RangeError, message: 'mine' });
});

// --- onceDifferentiable ----------------------------------------------------------------------------------------------------

class Once extends autograd.Function {
  static forward(_ctx: Context, x: Tensor): Tensor {
    return x.mul(2);
  }
  static backward = autograd.onceDifferentiable((_ctx: Context, gradient: Tensor) => gradient.mul(2));
}

test('a backward that is once differentiable works as any other', (t) => {
  const x = leaf(1);
  Once.apply(x).backward();
  t.deepEqual(numbers(x.grad), [2]);
});

test('differentiating its gradient is an error', (t) => {
  const [x, w] = [leaf(1), leaf(1)];
  const [slope] = autograd.grad(Once.apply(x), x, { gradOutputs: w, createGraph: true });
  t.deepEqual(numbers(slope), [2]);
  t.throws(() => slope.sum().backward(), {
    message: /^trying to differentiate twice a function that was marked with @once_differentiable/,
  });
});

test('if nothing that came in requires grad, its gradient simply has no history', (t) => {
  const x = leaf(1);
  const [slope] = autograd.grad(Once.apply(x), x, { createGraph: true });
  t.false(slope.requiresGrad);
});

// --- in other surroundings -------------------------------------------------------------------------------------------------

test('a function works inside a compiled function', (t) => {
  const step = g.compile((x: Tensor) => {
    const v = x.detach().requiresGrad_();
    return autograd.grad(Product.apply(Exp.apply(v), v).sum(), v)[0];
  });
  const x = tensor([0, 1], { dtype: 'float64' });
  t.true(g.allclose(step(x), x.exp().mul(x.add(1))));
});

test('a function within the backward of another', (t) => {
  class Outer extends autograd.Function {
    static forward(ctx: Context, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.mul(x);
    }
    static backward(ctx: Context, gradient: Tensor): Tensor {
      return Product.apply(gradient, ctx.savedTensors[0].mul(2));
    }
  }
  t.true(autograd.gradgradcheck((x) => Outer.apply(x), leaf(1, 2)));
});

test('a backward may differentiate on its own', (t) => {
  class Reentrant extends autograd.Function {
    static forward(ctx: Context, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.pow(3);
    }
    static backward(ctx: Context, gradient: Tensor): Tensor {
      const [x] = ctx.savedTensors;
      const inner = x.detach().requiresGrad_();
      return g.enableGrad(() => autograd.grad(inner.pow(3).sum(), inner)[0]).mul(gradient);
    }
  }
  const x = leaf(2);
  Reentrant.apply(x).backward();
  t.deepEqual(numbers(x.grad), [12]);
});

test('an empty gradient stays empty', (t) => {
  const x = zeros([0], { requiresGrad: true });
  Exp.apply(x).sum().backward();
  t.deepEqual(x.grad!.shape, [0]);
});
