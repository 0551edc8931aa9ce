// Where each feature of autograd's surface is held: its name, and the title of the test that would fail without it. In: the table. Out: every title
// exists. What is not in the table is not claimed here.

import { readFileSync } from 'node:fs';
import test from 'ava';

/** By file: feature -> title. */
const held: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  autograd: {
    'recording rule': 'an operation is recorded if grad mode is on and an input requires grad',
    leaf: 'a leaf is what no recorded operation made',
    '.grad before backward': '.grad is null before backward, and a tensor without history after it',
    '.grad dtype and shape': '.grad has the dtype of its tensor, whatever lies between',
    accumulation: 'gradients accumulate in the same tensor',
    'accumulation with createGraph':
      'with createGraph gradients accumulate in a new tensor that has a history',
    zeroing: '.grad can be set to null, zeroed in place, and replaced',
    'y.backward(g)': 'a vector-Jacobian product needs a gradient of the shape of the output',
    'several roots': 'an output may be a root twice, and several roots are one backward',
    retainGraph: 'retainGraph keeps what backward needs',
    'partial effects': 'a failing backward leaves what it had done',
    createGraph: 'createGraph implies retainGraph',
    'inputs=': 'backward adds only to the inputs that are named',
    'autograd.grad': 'grad gives a list and leaves .grad alone',
    'allowUnused, materializeGrads': 'unused inputs give null, or zeros',
    isGradsBatched: 'several gradients at once are what one after the other gives',
    broadcasting: 'an operand that was broadcast gets the sum over its copies',
    'duplicate indices': 'gradients of elements that were read several times add up',
    'empty tensors': 'empty tensors have empty gradients',
    'second derivative of a linear function': 'the gradient of a linear function has no history',
    'higher order': 'any order of derivative by repetition',
    GradientEdge: 'an edge of the graph stands for its tensor',
    'graph walk': 'gradFn names the operation and leads to those before it',
    'grad modes': 'modes nest, and are restored after an error',
    'factories in noGrad': 'factories under noGrad still make leaves that require grad',
    'inference mode': 'tensors of inference mode can be read and added, but not kept for backward',
    'leaf in place': 'a leaf that requires grad, or a view of it, is not written in place',
    'multi-output views': 'one of several views of a call is not written in place',
    'saved-tensor hooks': 'saved tensors go through pack once, and through unpack at each use',
    'deep graphs': 'a chain of 100,000 operations overflows nothing, forward, backward and afterwards',
  },
  views: {
    'in-place on non-leaf': 'an in-place operation gives a tensor that is no leaf a new history',
    'in-place on views': 'a write through a view reaches the whole, and the view has a history through it',
  },
  hooks: {
    'tensor hook': 'what a hook returns takes the place of the gradient, for all hooks after it',
    retainGrad: 'a tensor in the middle keeps its gradient if it is asked to, and adds further ones',
    'node prehook':
      'a prehook sees the gradients of the outputs before the function runs, and may replace them',
    'post-accumulate hook': 'a post-accumulate hook runs after .grad has been updated',
    'order of hooks': 'hooks run from the youngest function to the oldest, leaves at once',
    'hooks with grad': 'grad calls the hooks of its inputs, but does not run what lies behind them',
    'multi-grad hook': 'a hook on several tensors runs once per backward, when all have their gradients',
  },
  function: {
    needsInputGrad: 'needsInputGrad says which arguments require grad',
    setupContext: 'setupContext separates the forward from what is kept',
    setMaterializeGrads: 'with setMaterializeGrads(false) they arrive as null',
    markNonDifferentiable: 'results marked as not differentiable require no grad',
    markDirty: 'an argument that was changed in place gets the new history itself',
    onceDifferentiable: 'differentiating its gradient is an error',
    saveForBackward: 'saved tensors are freed with the graph, other data is not',
    'no backward': 'no backward at all',
    'undefined gradients': 'a backward may return null, and then no gradient arrives',
  },
  gradcheck: {
    gradcheck: 'a wrong gradient is shown beside the right one',
    gradgradcheck: 'a wrong gradient of the gradient is found by gradgradcheck only',
    fastMode: 'fast mode shows both: the two numbers, and the whole Jacobians',
  },
  anomaly: {
    detectAnomaly: "a NaN in a gradient names the function and its output in PyTorch's words",
    infinity: 'infinities are looked for only on request',
  },
};

/** What is not there, and why. */
const waiting: Readonly<Record<string, string>> = {
  'complex gradients': 'there are no complex dtypes yet',
  'dual tensors': 'jvp is a transform of functions; there are no levels of dual tensors',
  'version-counter errors': 'operations read the value there was when they were called, so none can arise',
  allowMutationOnSavedTensors: 'saved values cannot be mutated',
  'out=': 'there are no out= arguments',
};

test('what waits is not claimed to be held, and says why', (t) => {
  const claimed = Object.values(held).flatMap((features) => Object.keys(features));
  for (const [feature, reason] of Object.entries(waiting)) {
    t.false(claimed.includes(feature));
    t.not(reason, '');
  }
});

for (const [file, features] of Object.entries(held)) {
  const source = readFileSync(new URL(`./${file}.test.ts`, import.meta.url), 'utf8');
  for (const [feature, title] of Object.entries(features))
    test(`${feature} is held by a test in ${file}`, (t) => {
      const quoted = title.includes("'") ? `test("${title}"` : `test('${title}'`;
      t.true(source.includes(quoted), `no such test: ${title}`);
    });
}
