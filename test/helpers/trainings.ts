// Small trainings of many kinds, the same as in ../fixtures/trainings.py. In: `compile`, or nothing to do for it. Out: the loss of each step.

import * as g from '../../index.ts';
import type { Tensor } from '../../index.ts';

const { cat, eye, full, linspace, manualSeed, nn, noGrad, optim } = g;
const { rand, randint, randn, randnLike, tensor, triu, zeros } = g;
const F = nn.functional;
const { CosineAnnealingLR, OneCycleLR } = optim.lrScheduler;

/** A step of a training, compiled or as it is. */
export type Wrap = <A extends Tensor[], R>(step: (...args: A) => R) => (...args: A) => R;

function descend(optimizer: { zeroGrad(): void; step(): unknown }, loss: Tensor): Tensor {
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}

const repeat = (count: number, losses: () => Tensor | readonly Tensor[]): number[] =>
  Array.from({ length: count }, losses)
    .flat()
    .map((loss) => Number(loss.item()));
const parametersOf = (...modules: readonly g.nn.Module[]): Tensor[] => modules.flatMap((m) => m.parameters());
const int = (...values: number[]): Tensor => tensor(values, { dtype: 'int32' });

function vae(wrap: Wrap): number[] {
  manualSeed(3);
  const encoder = new nn.Sequential(new nn.Linear(20, 32), new nn.GELU(), new nn.Linear(32, 8));
  const decoder = new nn.Sequential(new nn.Linear(4, 32), new nn.SiLU(), new nn.Linear(32, 20));
  const optimizer = new optim.AdamW(parametersOf(encoder, decoder), { lr: 3e-3, weightDecay: 0.1 });
  const schedule = new CosineAnnealingLR(optimizer, 20);
  const step = wrap((x: Tensor) => {
    const [mu, logVar] = encoder(x).chunk(2, -1);
    const z = mu.add(randnLike(mu).mul(logVar.mul(0.5).exp()));
    const kl = logVar.add(1).sub(mu.square()).sub(logVar.exp()).sum(-1).mean().mul(-0.5);
    const loss = F.binaryCrossEntropyWithLogits(decoder(z), x, { reduction: 'sum' }).div(16).add(kl);
    optimizer.zeroGrad();
    loss.backward();
    nn.utils.clipGradNorm_(encoder.parameters(), 1);
    optimizer.step();
    return loss;
  });
  return repeat(25, () => {
    const loss = step(rand([16, 20]));
    schedule.step();
    return loss;
  });
}

function gan(wrap: Wrap): number[] {
  manualSeed(5);
  const [first, last] = [new nn.Linear(4, 16), new nn.Linear(16, 2)];
  const generator = new nn.Sequential(
    ...[first, new nn.BatchNorm1d(16), new nn.LeakyReLU({ negativeSlope: 0.2 }), last],
  );
  const critic = new nn.Sequential(
    ...[new nn.Linear(2, 16), new nn.ReLU(), new nn.Dropout(0.3), new nn.Linear(16, 1)],
  );
  const byGenerator = new optim.RMSprop(generator.parameters(), { lr: 1e-3, momentum: 0.5, centered: true });
  const byCritic = new optim.SGD(critic.parameters(), { lr: 0.05, momentum: 0.9, nesterov: true });
  const real = (x: Tensor): Tensor => F.softplus(critic(x).neg()).mean();
  const step = wrap(() => {
    const sample = randn([32, 2]).mul(0.5).add(2);
    const fake = generator(randn([32, 4]));
    const judged = descend(byCritic, real(sample).add(F.softplus(critic(fake.detach())).mean()));
    return [judged, descend(byGenerator, real(fake))];
  });
  return repeat(20, step);
}

function transformer(wrap: Wrap): number[] {
  manualSeed(7);
  const embedding = new nn.Embedding(30, 32, { paddingIdx: 0 });
  const position = new nn.Parameter(randn([12, 32]).mul(0.02));
  const layer = new nn.TransformerEncoderLayer(32, 4, {
    dimFeedforward: 64,
    dropout: 0.1,
    batchFirst: true,
    normFirst: true,
    activation: 'gelu',
  });
  const encoder = new nn.TransformerEncoder(layer, 2);
  const head = new nn.Linear(32, 30);
  const parameters = [...embedding.parameters(), position, ...parametersOf(encoder, head)];
  const optimizer = new optim.Adam(parameters, { lr: 1e-3, betas: [0.9, 0.98] });
  const schedule = new OneCycleLR(optimizer, 1e-2, { totalSteps: 20 });
  const mask = triu(full([12, 12], -Infinity), 1);
  const step = wrap((tokens: Tensor) => {
    const [x, y] = [tokens.narrow(1, 0, 12), tokens.narrow(1, 1, 12)];
    const scores = head(encoder(embedding(x).add(position), { mask }));
    const options = { ignoreIndex: 0, labelSmoothing: 0.1 };
    const loss = F.crossEntropy(scores.reshape([-1, 30]), y.reshape([-1]), options);
    optimizer.zeroGrad();
    loss.backward();
    nn.utils.clipGradValue_(parameters, 0.05);
    optimizer.step();
    return loss;
  });
  return repeat(12, () => {
    const loss = step(randint(0, 30, [8, 13]));
    schedule.step();
    return loss;
  });
}

function lstm(wrap: Wrap): number[] {
  manualSeed(9);
  const model = new nn.LSTM(6, 10, { numLayers: 2, bidirectional: true, batchFirst: true, dropout: 0.2 });
  const head = new nn.Linear(20, 3);
  const optimizer = new optim.Adagrad(parametersOf(model, head), { lr: 0.05 });
  const step = wrap((x: Tensor, y: Tensor) => {
    const [out, [, cell]] = model(x);
    const fit = F.nllLoss(F.logSoftmax(head(out.select(1, -1)), -1), y);
    return descend(optimizer, fit.add(cell.square().mean().mul(1e-3)));
  });
  return repeat(10, () => step(randn([5, 9, 6]), randint(0, 3, [5])));
}

function convolutions(wrap: Wrap): number[] {
  manualSeed(11);
  const model = new nn.Sequential(
    ...[new nn.Conv2d(3, 8, 3, { stride: 2, padding: 1 }), new nn.GroupNorm(4, 8), new nn.Mish()],
    ...[
      new nn.ConvTranspose2d(8, 6, 4, { stride: 2, padding: 1 }),
      new nn.InstanceNorm2d(6, { affine: true }),
    ],
    ...[new nn.Hardswish(), new nn.AdaptiveAvgPool2d(3), new nn.Flatten(), new nn.Linear(54, 5)],
  );
  const optimizer = new optim.Adadelta(model.parameters(), { lr: 1, rho: 0.9 });
  const step = wrap((x: Tensor, y: Tensor) =>
    descend(optimizer, F.multiMarginLoss(model(x), y).add(F.crossEntropy(model(x.flip(-1)), y))),
  );
  return repeat(10, () => step(randn([4, 3, 12, 12]), randint(0, 5, [4])));
}

function maml(wrap: Wrap): number[] {
  manualSeed(1);
  const start = [randn([1, 8]).mul(0.5), zeros([8]), randn([8, 1]).mul(0.5)];
  start.forEach((p) => p.requiresGrad_());
  const optimizer = new optim.Adam(start, { lr: 1e-2 });
  const model = (x: Tensor, [a, b, c]: readonly Tensor[]): Tensor => x.matmul(a).add(b).tanh().matmul(c);
  const task = (): Tensor => {
    const wave = rand([1]).mul(2).add(0.5);
    const x = rand([10, 1]).mul(4).sub(2);
    let p = start;
    for (let k = 0; k < 2; k++) {
      const fit = F.mseLoss(model(x, p), wave.mul(x).sin());
      const slopes = g.autograd.grad(fit, p, { createGraph: true });
      p = p.map((q, i) => q.sub(slopes[i].mul(0.1)));
    }
    const unseen = rand([10, 1]).mul(4).sub(2);
    return F.mseLoss(model(unseen, p), wave.mul(unseen).sin());
  };
  return repeat(
    8,
    wrap(() => descend(optimizer, task().add(task()).add(task()))),
  );
}

function qLearning(wrap: Wrap): number[] {
  manualSeed(2);
  const make = () => new nn.Sequential(new nn.Linear(4, 16), new nn.ELU(), new nn.Linear(16, 3));
  const [model, target] = [make(), make()];
  target.loadStateDict(model.stateDict());
  const optimizer = new optim.RAdam(model.parameters(), { lr: 1e-2 });
  const step = wrap(() => {
    const [state, action, reward] = [randn([12, 4]), randint(0, 3, [12]), randn([12])];
    const [after, goesOn] = [randn([12, 4]), rand([12]).ge(0.2)];
    const y = noGrad(() => {
      const best = model(after).argmax(1, true);
      return reward.add(goesOn.mul(0.9).mul(target(after).gather(1, best).squeeze(1)));
    });
    const chosen = model(state).gather(1, action.unsqueeze(1)).squeeze(1);
    const loss = descend(optimizer, F.smoothL1Loss(chosen, y));
    const follow = model.parameters();
    noGrad(() => target.parameters().forEach((p, i) => p.mul_(0.95).add_(follow[i], { alpha: 0.05 })));
    return loss;
  });
  return repeat(15, step);
}

/** `multinomial` draws from numbers that have to be there: only the update is compiled. */
function policyGradient(wrap: Wrap): number[] {
  manualSeed(4);
  const model = new nn.Linear(3, 4);
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
  const logP = (state: Tensor): Tensor => F.logSoftmax(model(state), -1);
  const update = wrap((state: Tensor, action: Tensor, reward: Tensor) => {
    const scaled = reward.sub(reward.mean()).div(reward.std().add(1e-8));
    const log = logP(state);
    const entropy = log.exp().mul(log).sum(-1).neg().mean();
    const gained = log.gather(1, action).squeeze(1).mul(scaled).mean();
    return descend(optimizer, gained.neg().sub(entropy.mul(0.01)));
  });
  return repeat(10, () => {
    const state = randn([20, 3]);
    const action = g.multinomial(
      noGrad(() => logP(state).exp()),
      1,
    );
    return update(state, action, randn([20]));
  });
}

function segmentation(wrap: Wrap): number[] {
  manualSeed(6);
  const block = (i: number, o: number) =>
    new nn.Sequential(
      new nn.Conv2d(i, o, 3, { padding: 1, bias: false }),
      new nn.BatchNorm2d(o),
      new nn.ReLU(),
    );
  const [down, deeper] = [block(1, 4), block(4, 8)];
  const up = new nn.Upsample({ scaleFactor: 2, mode: 'bilinear', alignCorners: false });
  const [last, head] = [block(12, 4), new nn.Conv2d(4, 1, 1)];
  const optimizer = new optim.Adamax(parametersOf(down, deeper, last, head), { lr: 1e-2 });
  const step = wrap((x: Tensor) => {
    const y = x.gt(0.5).to('float32');
    const wide = down(x);
    const out = head(last(cat([up(deeper(F.maxPool2d(wide, 2))), wide], 1)));
    const [p, dims] = [out.sigmoid(), [1, 2, 3]];
    const both = p.mul(y).sum(dims).mul(2).add(1);
    const dice = both
      .div(p.sum(dims).add(y.sum(dims)).add(1))
      .neg()
      .add(1);
    return descend(optimizer, F.binaryCrossEntropyWithLogits(out, y).add(dice.mean()));
  });
  return repeat(6, () => step(rand([2, 1, 8, 8])));
}

function attention(wrap: Wrap): number[] {
  manualSeed(8);
  const [embedding, encoder] = [new nn.Embedding(12, 6), new nn.GRU(6, 8, { batchFirst: true })];
  const [decoder, head] = [new nn.GRUCell(14, 8), new nn.Linear(8, 12)];
  const optimizer = new optim.NAdam(parametersOf(embedding, encoder, decoder, head), { lr: 1e-2 });
  const step = wrap((x: Tensor) => {
    const [encoded, last] = encoder(embedding(x));
    let [state, token, loss] = [last.select(0, 0), zeros([4], { dtype: 'int32' }), tensor(0)];
    for (let k = 0; k < 7; k++) {
      const weights = encoded.matmul(state.unsqueeze(2)).squeeze(2).softmax(-1);
      const context = weights.unsqueeze(1).matmul(encoded).squeeze(1);
      state = decoder(cat([embedding(token), context], 1), state);
      token = x.flip(1).select(1, k);
      loss = loss.add(F.crossEntropy(head(state), token));
    }
    return descend(optimizer, loss);
  });
  return repeat(6, () => step(randint(1, 12, [4, 7])));
}

function gaussianProcess(wrap: Wrap): number[] {
  manualSeed(12);
  const float64 = { dtype: 'float64' } as const;
  const x = linspace(0, 3, 15).unsqueeze(1).to('float64');
  const y = x.mul(2).sin();
  const [scale, noise] = [0, -2].map((v) => tensor(v, { ...float64, requiresGrad: true }));
  const optimizer = new optim.Rprop([scale, noise], { lr: 0.05 });
  const step = wrap(() => {
    const kernel = g.cdist(x, x).square().neg().div(scale.exp().square().mul(2)).exp();
    const factor = g.linalg.cholesky(kernel.add(noise.exp().mul(eye(15, float64))));
    const fit = y.T.matmul(g.choleskySolve(y, factor)).squeeze().mul(0.5);
    return descend(optimizer, fit.add(factor.diagonal().log().sum()));
  });
  return repeat(10, step);
}

function ctc(wrap: Wrap): number[] {
  manualSeed(14);
  const [model, head] = [new nn.LSTM(4, 6), new nn.Linear(6, 5)];
  const optimizer = new optim.ASGD(parametersOf(model, head), { lr: 0.1 });
  const [lengths, targets] = [int(12, 11, 10), int(4, 3, 2)];
  const step = wrap((x: Tensor, y: Tensor) =>
    descend(optimizer, F.ctcLoss(F.logSoftmax(head(model(x)[0]), -1), y, lengths, targets)),
  );
  return repeat(5, () => step(randn([12, 3, 4]), randint(1, 5, [3, 4])));
}

/** By their names in the fixture. */
export const trainings: Readonly<Record<string, (wrap: Wrap) => number[]>> = {
  vae,
  gan,
  transformer,
  lstm,
  convolutions,
  maml,
  q_learning: qLearning,
  policy_gradient: policyGradient,
  segmentation,
  attention,
  gaussian_process: gaussianProcess,
  ctc,
};
