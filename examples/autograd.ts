// A walk through autograd: what requires grad, what backward leaves behind, what may be run twice. It prints what PyTorch prints for the same
// statements; test/walkthrough.test.ts compares the two.
//
//   node --conditions=gradloom-source --import=./test/tsimp/run.js examples/autograd.ts

import { manualSeed, ones, randn } from 'gradloom';

/** Prints what a call throws. */
function attempt(body: () => unknown): void {
  try {
    body();
    console.log('nothing was thrown');
  } catch (error) {
    const { name, message } = error as Error;
    console.log(`${name}: ${message.split('\n')[0]}`);
  }
}

console.log('PART 1. Tensors that require grad, and the graph they leave.');
{
  let x = ones([3, 3, 3], { requiresGrad: true });
  console.log(x);
  console.log(x.data);
  // before a backward there is no gradient
  console.log(x.grad);
  let y = x.mul(3);
  console.log(y);
  console.log(y.gradFn);

  x = ones([3, 3, 3], { requiresGrad: true });
  y = x.mul(3);
  y.backward(ones([3, 3, 3]));
  console.log(x.grad);
  const z = y.mul(y).mul(y);
  console.log(z);
  manualSeed(0);
  const gradient = randn([3, 3, 3]);
  console.log(gradient);
  // the first backward has freed what the product kept, so a second one fails and changes nothing
  attempt(() => y.backward(gradient));
  console.log(x.grad);
  attempt(() => z.backward(gradient));
  console.log(x.grad);
}

console.log('PART 2. The graph retained.');
{
  manualSeed(0);
  const x = ones([3, 3, 3], { requiresGrad: true });
  const y = x.mul(3);
  // an option that does not exist is an error (TypeScript says so as well)
  attempt(() => y.backward(ones([3, 3, 3]), { retainVariables: true } as object));
  y.backward(ones([3, 3, 3]), { retainGraph: true });
  console.log(x.grad);
  const z = y.mul(y).mul(y);
  console.log(z);
  const gradient = randn([3, 3, 3]);
  console.log(gradient);
  // gradients add up: 3 + 3 * gradient
  y.backward(gradient);
  console.log(x.grad);
  attempt(() => y.backward(gradient));
}

console.log('PART 3. Backward through a longer graph: 3 * y * y * 3 = 81.');
{
  const x = ones([3, 3, 3], { requiresGrad: true });
  const y = x.mul(3);
  const z = y.mul(y).mul(y);
  z.backward(ones([3, 3, 3]), { retainGraph: true });
  console.log(x.grad);
  z.backward(ones([3, 3, 3]));
  console.log(x.grad);
  attempt(() => z.backward(ones([3, 3, 3])));
  console.log(z.gradFn?.nextFunctions);
  attempt(() => z.gradFn?.saved);
}

console.log('PART 4. What may run twice without being retained: operations that keep nothing.');
{
  const x = ones([3], { requiresGrad: true });
  let y = x.add(3);
  y.backward(ones([3]));
  y.backward(ones([3]));
  console.log(x.grad);
  x.grad = null;
  const product = x.mul(3);
  product.backward(ones([3]));
  attempt(() => product.backward(ones([3])));
  x.grad = null;
  y = x.neg().sum();
  y.backward();
  y.backward();
  console.log(x.grad);
  // the failure comes when the operation is reached: what ran before it stays
  x.grad = null;
  const w = ones([3], { requiresGrad: true });
  const z = x.exp().add(w);
  z.backward(ones([3]));
  console.log(w.grad);
  attempt(() => z.backward(ones([3])));
  console.log(w.grad, x.grad);
}

console.log('PART 5. Rules.');
{
  attempt(() => ones([2], { dtype: 'int32', requiresGrad: true }));
  attempt(() => ones([2], { dtype: 'bool' }).requiresGrad_());
  const constant = ones([2]);
  const y = constant.mul(3);
  console.log(y.gradFn, y.requiresGrad);
  attempt(() => y.backward(ones([2])));
  const x = ones([2], { requiresGrad: true });
  attempt(() => x.mul(3).backward());
  // `data` shares the storage and has no history
  console.log(x.data.mul_(5));
  console.log(x);
  console.log(x.mul(3).gradFn?.name);
  console.log(x.isLeaf, x.mul(3).isLeaf);
}
