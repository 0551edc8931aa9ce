// Modules as functions of their parameters: functionalCall and stackModuleState. What is under test: nn/functionalCall.ts, with grad, vmap and
// compile.

import test from 'ava';
import {
  Parameter,
  ValueError,
  compile,
  functionalCall,
  grad,
  nn,
  ones,
  stackModuleState,
  tensor,
  vmap,
  zeros,
} from '../index.ts';
import type { Tensor } from '../index.ts';

const linear = (weight: number[][], bias: number[]): nn.Linear => {
  const layer = new nn.Linear(weight[0].length, weight.length);
  layer.loadStateDict({ weight: tensor(weight), bias: tensor(bias) });
  return layer;
};

test('functionalCall computes with the tensors given, and with its own where there are none', (t) => {
  const layer = linear([[1, 2]], [3]);
  t.deepEqual(functionalCall(layer, { weight: tensor([[10, 20]]) }, tensor([1, 1])).toArray(), [33]);
  t.deepEqual(
    functionalCall(layer, [{ weight: tensor([[0, 0]]) }, { bias: tensor([5]) }], [ones([2])]).toArray(),
    [5],
  );
  t.deepEqual(layer(ones([2])).toArray(), [6]);
});

test('after an error in forward the module has its own tensors again', (t) => {
  const layer = linear([[1, 2]], [3]);
  t.throws(() => functionalCall(layer, { weight: ones([1, 5]) }, ones([2])));
  t.deepEqual(layer(ones([2])).toArray(), [6]);
});

test('functionalCall can be differentiated by the parameters, also of modules below', (t) => {
  const net = new nn.Sequential(linear([[1, 2]], [0]), new nn.ReLU());
  const loss = (state: nn.StateDict, x: Tensor): Tensor => functionalCall(net, state, x).square().sum();
  const found = grad(loss)(net.stateDict(), ones([2]));
  t.deepEqual([found['0.weight'].toArray(), found['0.bias'].toArray()], [[[6, 6]], [6]]);
  t.is(net.parameters()[0].grad, null);
});

test('a parameter with two names is replaced under both', (t) => {
  class Tied extends nn.Module {
    first = new Parameter(ones([1]));
    second = this.first;
    forward(x: Tensor): Tensor {
      return x.mul(this.first).add(this.second);
    }
  }
  t.deepEqual(functionalCall(new Tied(), { first: tensor([5]) }, ones([1])).toArray(), [10]);
});

test('what forward writes into a buffer in place is written into the tensor given', (t) => {
  const norm = new nn.BatchNorm1d(1, { momentum: 1 });
  const runningMean = zeros([1]);
  functionalCall(norm, { running_mean: runningMean }, tensor([[2], [4]]));
  t.deepEqual([runningMean.toArray(), norm.runningMean!.toArray()], [[3], [0]]);
});

test('a function of parameters can be compiled', (t) => {
  const layer = linear([[1, 2]], [3]);
  const run = compile((weight: Tensor, x: Tensor) => functionalCall(layer, { weight }, x));
  t.deepEqual(run(tensor([[10, 20]]), ones([2])).toArray(), [33]);
  t.deepEqual(layer(ones([2])).toArray(), [6]);
});

test('functionalCall refuses names that the module does not have, and those given twice', (t) => {
  const layer = linear([[1, 2]], [3]);
  t.throws(() => functionalCall(layer, { scale: ones([1]) }, ones([2])), {
    instanceOf: ValueError,
    message:
      /^functionalCall: Linear has no parameter or buffer named "scale"\n at test\/functionalCall\.test\.ts/,
  });
  t.throws(() => functionalCall(layer, [{ bias: ones([1]) }, { bias: ones([1]) }], ones([2])), {
    message: /^functionalCall: "bias" appears in multiple dictionaries/,
  });
});

test('an ensemble runs at once by vmap over stacked states', (t) => {
  const models = [linear([[1, 2]], [3]), linear([[4, 5]], [6])];
  const [parameters, buffers] = stackModuleState(models);
  const run = (p: nn.StateDict, b: nn.StateDict, x: Tensor): Tensor => functionalCall(models[0], [p, b], x);
  const x = ones([3, 2]);
  const together = vmap(run, { inDims: [0, 0, null] })(parameters, buffers, x);
  t.deepEqual(
    together.toArray(),
    models.map((model) => model(x).toArray()),
  );
});

test('stacked parameters are leaves that require grad, buffers are not trained', (t) => {
  const models = [new nn.BatchNorm1d(2), new nn.BatchNorm1d(2)];
  const [parameters, buffers] = stackModuleState(models);
  t.deepEqual(Object.keys(parameters), ['weight', 'bias']);
  t.true(parameters.weight.requiresGrad && parameters.weight.isLeaf);
  t.deepEqual(buffers.runningMean.shape, [2, 2]);
  t.false(buffers.runningMean.requiresGrad);
});

test('stackModuleState refuses modules that differ', (t) => {
  const [layer, other] = [linear([[1, 2]], [3]), linear([[1, 2]], [3])];
  t.throws(() => stackModuleState([]), {
    message: /^stackModuleState: Expected at least one model, got 0\./,
  });
  t.throws(() => stackModuleState([layer, new nn.ReLU()]), { message: /to be of the same class\./ });
  other.bias!.requiresGrad = false;
  t.throws(() => stackModuleState([layer, other]), {
    message: /^Expected bias from each model to have the same \.requiresGrad/,
  });
  t.throws(() => stackModuleState([layer, other.eval()]), { message: /the same training\/eval mode\./ });
});
