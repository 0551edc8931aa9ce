// gradcheck and gradgradcheck: what they accept, what they find, and with which words. In: functions with right and wrong gradients. Out: true,
// false, or a GradcheckError.

import test from 'ava';
import * as g from '../index.ts';
import type { Context, Tensor } from '../index.ts';

const { autograd, ones, tensor } = g;
const { GradcheckError, gradcheck, gradgradcheck } = autograd;

const leaf = (...data: number[]): Tensor => tensor(data, { requiresGrad: true, dtype: 'float64' });

/** x * 2 with a gradient of `slope(g)`. */
const doubled = (slope: (gradient: Tensor) => unknown): ((x: Tensor) => Tensor) => {
  class Doubled extends autograd.Function {
    static forward(_ctx: Context, x: Tensor): Tensor {
      return x.mul(2);
    }
    static backward(_ctx: Context, gradient: Tensor): unknown {
      return slope(gradient);
    }
  }
  return (x) => Doubled.apply(x);
};

const right: readonly (readonly [
  string,
  (...xs: Tensor[]) => Tensor | readonly Tensor[],
  readonly Tensor[],
])[] = [
  ['a product', (x, y) => x.mul(y), [leaf(1, 2), leaf(3, 4)]],
  ['a matrix product', (x, y) => x.reshape([2, 2]).matmul(y.reshape([2, 1])), [leaf(1, 2, 3, 4), leaf(5, 6)]],
  ['several outputs', (x) => [x.sin(), x.sum(), x.exp()], [leaf(0.1, 0.2)]],
  ['a scalar', (x) => x.pow(3).sum(), [leaf(1, -2, 3)]],
  ['broadcasting', (x, y) => x.reshape([2, 1]).mul(y), [leaf(1, 2), leaf(3, 4, 5)]],
  ['an input that needs no gradient', (x, y) => x.mul(y), [leaf(1, 2), tensor([3, 4], { dtype: 'float64' })]],
  ['an output that does not depend on an input', (x, y) => [x.mul(2), y.mul(3)], [leaf(1), leaf(2)]],
  ['an integer output beside', (x) => [x.mul(2), x.argmax()], [leaf(1, 3, 2)]],
  ['softmax', (x) => x.softmax(0), [leaf(0.3, -0.2, 0.9)]],
];
for (const [what, fn, inputs] of right) {
  test(`${what} passes`, (t) => t.true(gradcheck(fn, inputs)));
  test(`${what} passes in fast mode and with batched gradients`, (t) => {
    t.true(gradcheck(fn, inputs, { fastMode: true, checkBatchedGrad: true }));
  });
}
for (const [what, fn, inputs] of right)
  test(`${what} passes in forward mode, slow and fast`, (t) => {
    const forward = { checkForwardAd: true, checkBackwardAd: false, checkBatchedForwardGrad: true };
    t.true(gradcheck(fn, inputs, forward));
    t.true(gradcheck(fn, inputs, { ...forward, fastMode: true }));
  });
for (const [what, fn, inputs] of right.filter(
  ([name]) => !name.includes('integer') && !name.includes('depend'),
)) {
  test(`${what} passes in the second order`, (t) => t.true(gradgradcheck(fn, inputs)));
  test(`${what} passes in the second order with forward mode over backward`, (t) => {
    const forward = { checkFwdOverRev: true, checkRevOverRev: false, checkUndefinedGrad: false };
    t.true(gradgradcheck(fn, inputs, forward));
    t.true(gradgradcheck(fn, inputs, { ...forward, fastMode: true }));
  });
}

test('a wrong gradient is shown beside the right one', (t) => {
  const error = t.throws(
    () =>
      gradcheck(
        doubled((gradient) => gradient.mul(3)),
        leaf(1, 2),
      ),
    {
      instanceOf: GradcheckError,
    },
  )!;
  t.true(
    error.message.startsWith(
      'Jacobian mismatch for output 0 with respect to input 0,\n' +
        'numerical:tensor([[2.0000, 0.0000],\n        [0.0000, 2.0000]], dtype=torch.float64)\n' +
        'analytical:tensor([[3., 0.],\n        [0., 3.]], dtype=torch.float64)\n',
    ),
    error.message,
  );
});

test('the input and the output at fault are named by number', (t) => {
  const wrong = doubled((gradient) => gradient.mul(3));
  const error = t.throws(() => gradcheck((x, y) => [x.mul(y), wrong(y)], [leaf(1), leaf(2)]))!;
  t.regex(error.message, /^Jacobian mismatch for output 1 with respect to input 1,\n/);
});

test('raise: false gives false instead', (t) => {
  t.false(
    gradcheck(
      doubled((gradient) => gradient.mul(3)),
      leaf(1, 2),
      { raise: false },
    ),
  );
});

test('errors of the function pass through, also with raise: false', (t) => {
  const broken = (): never => {
    throw new RangeError('mine');
  };
  t.throws(() => gradcheck(broken, leaf(1), { raise: false }), { instanceOf: RangeError, message: 'mine' });
});

test('fast mode shows both: the two numbers, and the whole Jacobians', (t) => {
  const error = t.throws(() =>
    gradcheck(
      doubled((gradient) => gradient.mul(3)),
      leaf(1, 2),
      { fastMode: true },
    ),
  )!;
  t.regex(error.message, /^Jacobian mismatch for output 0 with respect to input 0,\nnumerical:tensor\(\[\[/);
  t.regex(error.message, /are computed in fast mode\./);
  t.regex(error.message, /Analytical:\ntensor\(\[\[3\., 0\.\],\n {8}\[0\., 3\.\]\]/);
  t.regex(error.message, /The max per-element difference \(slow mode\) is: /);
});

test('a wrong gradient of the gradient is found by gradgradcheck only', (t) => {
  class Square extends autograd.Function {
    static forward(ctx: Context, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.mul(x);
    }
    static backward(ctx: Context, gradient: Tensor): Tensor {
      // the factor is right, but cut off from x
      return gradient.mul(ctx.savedTensors[0].detach().mul(2));
    }
  }
  const fn = (x: Tensor): Tensor => Square.apply(x);
  t.true(gradcheck(fn, leaf(1, 2)));
  t.throws(() => gradgradcheck(fn, leaf(1, 2)), {
    message: /^Jacobian mismatch for output 0 with respect to input 0/,
  });
});

test('gradgradcheck takes the gradients of the outputs at which to look', (t) => {
  t.true(gradgradcheck((x) => x.pow(3), leaf(1, 2), { gradOutputs: leaf(0.5, -1) }));
});

test('at least one input must require grad', (t) => {
  t.throws(() => gradcheck((x) => x.pow(2), ones([2])), {
    message:
      /^gradcheck expects at least one input tensor to require gradient, but none of the them have requires_grad=True\./,
  });
});

test('an output without gradient must not depend on the inputs', (t) => {
  t.throws(() => gradcheck((x) => x.mul(2).detach(), leaf(1)), {
    message: /^Numerical gradient for function expected to be zero/,
  });
  t.true(gradcheck((x) => x.mul(0).detach(), leaf(1)));
});

test('a backward that adds something of its own is found', (t) => {
  t.throws(
    () =>
      gradcheck(
        doubled((gradient) => gradient.mul(2).add(1e-7)),
        leaf(1),
      ),
    {
      message: /^backward not multiplied by grad_output/,
    },
  );
});

test('a backward that differs from run to run is found', (t) => {
  let calls = 0;
  const wavering = doubled((gradient) => gradient.mul(2 + 1e-9 * calls++));
  t.throws(() => gradcheck(wavering, leaf(1)), { message: /^Backward is not reentrant/ });
  t.true(gradcheck(wavering, leaf(1), { nondetTol: 1e-6 }));
});

test('a backward that cannot take undefined gradients is found', (t) => {
  class Needs extends autograd.Function {
    static forward(ctx: Context, x: Tensor): Tensor {
      ctx.setMaterializeGrads(false);
      return x.mul(2);
    }
    static backward(_ctx: Context, gradient: Tensor): Tensor {
      return gradient.mul(2);
    }
  }
  const fn = (x: Tensor): Tensor => Needs.apply(x);
  t.throws(() => gradcheck(fn, leaf(1)), {
    message: /^Expected backward function to handle undefined output grads\./,
  });
  t.true(gradcheck(fn, leaf(1), { checkUndefinedGrad: false }));
});

test("tolerances are the caller's", (t) => {
  const slightly = doubled((gradient) => gradient.mul(2.001));
  t.false(gradcheck(slightly, leaf(1), { rtol: 1e-5, raise: false }));
  t.true(gradcheck(slightly, leaf(1), { rtol: 1e-2 }));
});

test('an unknown option is an error', (t) => {
  t.throws(() => gradcheck((x) => x, leaf(1), { tolerance: 1 } as never), {
    message: /got an unexpected keyword argument 'tolerance'/,
  });
});

test.serial('inputs of single precision give a warning', (t) => {
  const { warn } = console;
  const said: string[] = [];
  console.warn = (text: string) => void said.push(text);
  try {
    gradcheck((x) => x.mul(2), tensor([1], { requiresGrad: true }), { eps: 1e-2, atol: 1e-2 });
  } finally {
    console.warn = warn;
  }
  t.regex(said.join(), /Input #0 requires gradient and is not a double precision floating point/);
});

/** x * 2, whose backward is right at each gradient, but not recorded: its derivative by the gradient, the tangent, is 0. */
const unrecorded = doubled((gradient) => gradient.detach().mul(2));

test('a wrong tangent is found by checkForwardAd only, and said to be one', (t) => {
  t.true(gradcheck(unrecorded, leaf(1, 2)));
  const error = t.throws(() => gradcheck(unrecorded, leaf(1, 2), { checkForwardAd: true }), {
    instanceOf: GradcheckError,
  })!;
  t.true(
    error.message.startsWith(
      'Jacobian computed with forward mode mismatch for output 0 with respect to input 0,\n' +
        'numerical:tensor([[2.0000, 0.0000],\n        [0.0000, 2.0000]], dtype=torch.float64)\n' +
        'analytical:tensor([[0., 0.],\n        [0., 0.]], dtype=torch.float64)\n',
    ),
    error.message,
  );
});

test('fast mode shows the product of a wrong tangent, and then the whole Jacobians', (t) => {
  const error = t.throws(() =>
    gradcheck(unrecorded, leaf(1, 2), { checkForwardAd: true, checkBackwardAd: false, fastMode: true }),
  )!;
  t.regex(
    error.message,
    /^Jacobian computed with forward mode mismatch for output 0 with respect to input 0/,
  );
  t.regex(error.message, /analytical:tensor\(\[\[0\., 0\.\]\]/);
  t.regex(error.message, /Numerical:\n tensor\(\[\[2\.0000, 0\.0000\],\n {8}\[0\.0000, 2\.0000\]\]/);
});

test('checkBackwardAd: false looks at nothing that needs backward alone', (t) => {
  const affine = doubled((gradient) => gradient.mul(2).add(1));
  t.throws(() => gradcheck(affine, leaf(1)), { instanceOf: GradcheckError });
  t.true(gradcheck(affine, leaf(1), { checkForwardAd: true, checkBackwardAd: false }));
});

test('a tangent of zeros that does not count as none is found', (t) => {
  const fn = (x: Tensor, y: Tensor): Tensor => x.mul(x.requiresGrad && y.requiresGrad ? y.detach() : y);
  const forward = { checkForwardAd: true, checkBackwardAd: false };
  t.throws(() => gradcheck(fn, [leaf(1), leaf(2)], forward), {
    message:
      /^Mismatch in tangent values for output with index: 0 when input: 0 has an undefined tangent value\./,
  });
  t.true(gradcheck(fn, [leaf(1), leaf(2)], { ...forward, checkUndefinedGrad: false }));
});

test('tangents that differ between one and several at a time are found', (t) => {
  let calls = 0;
  const wavering = doubled((gradient) => gradient.mul(2 + 1e-4 * calls++));
  const forward = { checkForwardAd: true, checkBackwardAd: false };
  t.true(gradcheck(wavering, leaf(1), forward));
  t.throws(() => gradcheck(wavering, leaf(1), { ...forward, checkBatchedForwardGrad: true }), {
    message:
      /^For output 0 and input 0:\n\ngradcheck failed while testing batched gradient computation with forward-mode AD\./,
  });
});

test('an option of a mode needs that mode', (t) => {
  const check = (options: object): boolean => gradcheck((x) => x.mul(2), leaf(1), options);
  t.throws(() => check({ checkBackwardAd: false }), {
    message: /^Expected at least one of checkForwardAd or checkBackwardAd to be true/,
  });
  t.throws(() => check({ checkBackwardAd: false, checkForwardAd: true, checkBatchedGrad: true }), {
    message: /^Setting checkBatchedGrad: true requires checkBackwardAd to be true/,
  });
  t.throws(() => check({ checkBatchedForwardGrad: true }), {
    message: /^Setting checkBatchedForwardGrad: true requires checkForwardAd to be true/,
  });
  const second = (options: object): boolean => gradgradcheck((x) => x.pow(2), leaf(1), options);
  t.throws(() => second({ checkRevOverRev: false }), {
    message: /^Expected at least one of checkFwdOverRev or checkRevOverRev to be true/,
  });
  t.throws(() => second({ checkRevOverRev: false, checkFwdOverRev: true }), {
    message: /^Setting checkUndefinedGrad: true requires checkRevOverRev to be true/,
  });
});

test('a wrong tangent of a gradient is found by checkFwdOverRev', (t) => {
  class Square extends autograd.Function {
    static forward(ctx: Context, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.mul(x);
    }
    static backward(ctx: Context, gradient: Tensor): Tensor {
      return gradient.mul(ctx.savedTensors[0].detach().mul(2));
    }
  }
  const fn = (x: Tensor): Tensor => Square.apply(x);
  const forward = { checkFwdOverRev: true, checkRevOverRev: false, checkUndefinedGrad: false };
  t.throws(() => gradgradcheck(fn, leaf(1, 2), forward), {
    message: /^Jacobian computed with forward mode mismatch for output 0 with respect to input 0/,
  });
});

test('an expanded input passes: its elements are moved one by one, in a copy', (t) => {
  const x = leaf(2).expand([3]);
  t.true(gradcheck((y) => y.pow(2), x));
  t.true(gradcheck((y) => y.pow(2), x, { checkForwardAd: true, checkBackwardAd: false, fastMode: true }));
});
