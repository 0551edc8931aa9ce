// Anomaly mode: which operation made the first NaN or infinity. In: functions that make one. Out: PyTorch's words first, then the forward
// operation, the user's line, the shapes of the operands, the first bad element and what stood there.

import test from 'ava';
import * as g from '../index.ts';
import type { Context, Tensor } from '../index.ts';

const { autograd, tensor, where } = g;
const { detectAnomaly } = autograd;

const leaf = (...data: number[]): Tensor => tensor(data, { requiresGrad: true });

/** The message of the error that `body` must throw in anomaly mode. */
function messageOf(body: () => unknown, options?: Parameters<typeof detectAnomaly>[1]): string {
  try {
    detectAnomaly(body, options);
  } catch (error) {
    if (error instanceof g.AutogradError) return error.message;
    throw error;
  }
  return '';
}

// --- gradients -------------------------------------------------------------------------------------------------------------

test("a NaN in a gradient names the function and its output in PyTorch's words", (t) => {
  const message = messageOf(() => leaf(0).sqrt().mul(0).sum().backward());
  t.true(message.startsWith("Function 'SqrtBackward0' returned nan values in its 0th output."), message);
});

test('the output is that with the NaN', (t) => {
  const message = messageOf(() => {
    const x = leaf(0);
    x.div(x).sum().backward();
  });
  t.true(message.startsWith("Function 'DivBackward0' returned nan values in its 1th output."), message);
});

test('it says where the backward was called, and where and on what the forward operation', (t) => {
  const message = messageOf(() => {
    const x = leaf(4, 0, 1);
    const y = x.sqrt();
    y.mul(tensor([1, 0, 0]))
      .sum()
      .backward();
  });
  const [first, second, ...more] = message.split('\n');
  t.is(first, "Function 'SqrtBackward0' returned nan values in its 0th output.");
  t.deepEqual(more, []);
  t.regex(second, /^ at test\/anomaly\.test\.ts:\d+:\d+, in backward \(/);
  t.regex(second, /first at element \[1\] of that gradient, float32\[3\]: nan/);
  t.regex(second, /forward: sqrt\(float32\[3\]\) at test\/anomaly\.test\.ts:\d+:\d+/);
  t.regex(second, /operands there: 0; result there: 0; incoming gradient there: 0/);
});

test("the two lines are those of the user's file", (t) => {
  const lineOf = (error: Error): number => Number(/anomaly\.test\.ts:(\d+)/.exec(error.stack!)![1]);
  let forward = 0;
  let backward = 0;
  const message = messageOf(() => {
    const x = leaf(0);
    forward = lineOf(new Error()) + 1;
    const y = x.sqrt();
    backward = lineOf(new Error()) + 1;
    y.mul(0).sum().backward();
  });
  const lines = [...message.matchAll(/anomaly\.test\.ts:(\d+)/g)].map(([, line]) => Number(line));
  t.deepEqual(lines, [backward, forward]);
});

test('the place in a tensor of several dimensions is given by its indices', (t) => {
  const message = messageOf(() => {
    const x = tensor(
      [
        [1, 2, 3],
        [4, 5, 0],
      ],
      { requiresGrad: true },
    );
    x.sqrt().mul(0).sum().backward();
  });
  t.regex(message, /first at element \[1, 2\] of that gradient, float32\[2, 3\]/);
});

test('the trap of where is explained', (t) => {
  const message = messageOf(() => {
    const x = leaf(4, 0);
    where(x.gt(0), x.sqrt(), 0).sum().backward();
  });
  t.regex(message, /0 times an infinite derivative is nan: if where\(\) did not choose this branch/);
  t.regex(message, /f\(where\(condition, x, 1\)\)/);
});

test('the advice that it gives helps', (t) => {
  const x = leaf(4, 0);
  t.notThrows(() =>
    detectAnomaly(() => {
      const safe = where(x.gt(0), x, 1);
      where(x.gt(0), safe.sqrt(), 0).sum().backward();
    }),
  );
  t.deepEqual(x.grad!.toArray(), [0.25, 0]);
});

test('grad is watched as backward is', (t) => {
  const message = messageOf(() => {
    const x = leaf(0);
    return autograd.grad(x.sqrt().mul(0).sum(), x);
  });
  t.true(message.startsWith("Function 'SqrtBackward0' returned nan values in its 0th output."));
});

test('custom functions are named by their class', (t) => {
  class Bad extends autograd.Function {
    static forward(_ctx: Context, x: Tensor): Tensor {
      return x.mul(2);
    }
    static backward(_ctx: Context, gradient: Tensor): Tensor {
      return gradient.mul(NaN);
    }
  }
  const message = messageOf(() => Bad.apply(leaf(1, 2)).sum().backward());
  t.true(message.startsWith("Function 'BadBackward' returned nan values in its 0th output."));
  t.regex(message, /forward: Bad\(float32\[2\]\) at test\/anomaly\.test\.ts/);
  t.regex(message, /operands there: 1; result there: 2/);
});

test('what ran before the anomaly keeps its effect', (t) => {
  const [x, w] = [leaf(0), leaf(1)];
  messageOf(() => {
    const y = x.sqrt();
    const z = w.mul(2);
    y.mul(0).add(z).sum().backward();
  });
  t.deepEqual(w.grad!.toArray(), [2]);
  t.is(x.grad, null);
});

// --- values ----------------------------------------------------------------------------------------------------------------

test("a NaN that the forward made, and that reaches the loss, is laid at its maker's door", (t) => {
  const message = messageOf(() => {
    const x = leaf(1, -1);
    const y = x.mul(3).log();
    y.add(5).sum().backward();
  });
  t.true(message.startsWith("Function 'log' returned nan values in its 0th output."), message);
  t.regex(
    message,
    /first at element \[1\] of its result, float32\[2\]: nan; log\(float32\[2\]\) at test\/anomaly\.test\.ts/,
  );
  t.regex(message, /operands there: -3/);
});

test('a NaN in what is returned is found, also where nothing is recorded', (t) => {
  const message = messageOf(() =>
    tensor([1, 0])
      .div(tensor([1, 0]))
      .mul(2),
  );
  t.true(message.startsWith("Function 'div' returned nan values in its 0th output."), message);
  t.regex(message, /operands there: 0, 0/);
});

test('a NaN that is thrown away is none', (t) => {
  const x = leaf(1, -1);
  t.notThrows(() => detectAnomaly(() => where(x.gt(0), x.log(), 0).sum().backward()));
});

test('the first of several is named, not the last', (t) => {
  const message = messageOf(() => tensor([-1]).sqrt().exp().log().sum());
  t.true(message.startsWith("Function 'sqrt' returned nan values"));
});

test('a bad gradient comes first, and mentions that its result was bad already', (t) => {
  const message = messageOf(() => {
    const x = leaf(0);
    x.div(x).sum().backward();
  });
  t.regex(message, /its result was bad already: Function 'div' returned nan values in its 0th output\./);
});

test('values can be left alone', (t) => {
  t.is(
    messageOf(() => leaf(-1).log().sum().backward(), { checkForward: false }),
    '',
  );
});

// --- infinities ------------------------------------------------------------------------------------------------------------

test('infinities are looked for only on request', (t) => {
  t.is(
    messageOf(() => leaf(0).sqrt().sum().backward()),
    '',
  );
  const message = messageOf(() => leaf(0).sqrt().sum().backward(), { checkInf: true });
  t.true(message.startsWith("Function 'SqrtBackward0' returned inf values in its 0th output."), message);
  t.regex(message, /first at element \[0\] of that gradient, float32\[1\]: inf/);
});

test('an infinite value of the forward is found on request as well', (t) => {
  const message = messageOf(() => tensor([1, 0]).log().add(1), { checkInf: true });
  t.true(message.startsWith("Function 'log' returned inf values in its 0th output."), message);
  t.regex(message, /element \[1\] of its result, float32\[2\]: -inf/);
});

test('NaN need not be looked for', (t) => {
  t.is(
    messageOf(() => leaf(0).sqrt().mul(0).sum().backward(), { checkNan: false, checkInf: true }),
    '',
  );
});

// --- the mode --------------------------------------------------------------------------------------------------------------

test('results come out, and gradients are what they are without the mode', (t) => {
  const x = leaf(1, 2);
  const y = detectAnomaly(() => {
    const z = x.mul(x).sum();
    z.backward();
    return z;
  });
  t.is(y.item(), 5);
  t.deepEqual(x.grad!.toArray(), [2, 4]);
});

test('the mode ends with the function, also if that throws', (t) => {
  t.throws(() =>
    detectAnomaly(() => {
      t.true(autograd.isAnomalyEnabled());
      throw new Error('mine');
    }),
  );
  t.false(autograd.isAnomalyEnabled());
});

test.serial('for an asynchronous function it ends when that is done', async (t) => {
  await detectAnomaly(async () => {
    await Promise.resolve();
    t.true(autograd.isAnomalyEnabled());
  });
  t.false(autograd.isAnomalyEnabled());
  await t.throwsAsync(
    detectAnomaly(async () => {
      await Promise.resolve();
      return tensor([-1]).log();
    }),
    { message: /^Function 'log' returned nan values/ },
  );
});

test('without the mode nothing is checked', (t) => {
  const x = leaf(0);
  x.sqrt().mul(0).sum().backward();
  t.deepEqual(x.grad!.toArray(), [NaN]);
});
