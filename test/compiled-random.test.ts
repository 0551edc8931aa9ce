// Random functions with side effects, called in random order between uncompiled operations: compiled and uncompiled runs must see the same
// in every tensor there is. The functions write state and arguments in place, through views too, draw random numbers and take gradients.

import test from 'ava';
import { compile, manualSeed, noGrad, rand, tensor, zeros } from '../index.ts';
import type { Tensor } from '../index.ts';

type Body = (a: Tensor, b: Tensor) => Tensor[];
type Way = (body: Body) => Body;

/** Mulberry32: numbers in [0, 1). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface World {
  readonly state: readonly Tensor[];
  readonly views: readonly Tensor[];
  readonly params: readonly Tensor[];
  readonly args: readonly Tensor[];
}

function makeWorld(): World {
  const state = [tensor([1, 2, 3, 4]), tensor([5, 6, 7, 8]), zeros([4])];
  return {
    state,
    views: [state[0].narrow(0, 1, 2), state[1].detach(), state[2].reshape([2, 2])],
    params: [tensor([1, 0, 2, 1], { requiresGrad: true }), tensor([0.5, 1, 1, 2], { requiresGrad: true })],
    args: [tensor([1, 1, 1, 1]), tensor([2, 3, 4, 5]), tensor([0.5, 0, 0, 1])],
  };
}

/** A function that does the same whenever it runs, or is traced. */
const makeBody =
  (seed: number, { state, views, params }: World): Body =>
  (a, b) => {
    const random = randomNumbers(seed);
    const below = (n: number): number => Math.floor(random() * n);
    const values = [a, b];
    const any = (): Tensor => {
      const pool = [...state, views[1], ...values];
      return pool[below(pool.length)].detach();
    };
    const actions: readonly (() => unknown)[] = [
      () => values.push(any().add(any())),
      () => values.push(any().mul(0.5)),
      () => values.push(any()),
      () => values.push(rand([4])),
      () => noGrad(() => state[below(3)].copy_(any().mul(0.5))),
      () => noGrad(() => state[below(3)].add_(any())),
      () => noGrad(() => views[0].mul_(0.5)),
      () => noGrad(() => views[2].add_(1)),
      () => noGrad(() => [a, b][below(2)].add_(any().mul(0.25))),
    ];
    for (let left = 2 + below(6); left > 0; left--) actions[below(actions.length)]();
    if (random() < 0.5) {
      if (random() < 0.5) params.forEach((p) => (p.grad = null));
      params[0].mul(params[1]).mul(any()).sum().backward();
      if (random() < 0.5) noGrad(() => params.forEach((p) => p.sub_(p.grad!.mul(0.01))));
    }
    return values.slice(0, 2 + below(values.length));
  };

/** Everything that there is to be seen after some random calls. */
function observe(seed: number, way: Way): number[] {
  manualSeed(seed);
  const world = makeWorld();
  const { state, views, params, args } = world;
  const random = randomNumbers(seed * 7 + 1);
  const below = (n: number): number => Math.floor(random() * n);
  const functions = [0, 1].map((k) => way(makeBody(seed * 13 + k, world)));
  const kept: Tensor[] = [];
  const seen: number[] = [];
  const look = (x: Tensor): unknown => seen.push(...x.toTypedArray());
  const call = (): unknown => {
    const first = random() < 0.15 ? state[below(3)] : args[below(3)];
    return kept.push(...functions[below(2)](first, args[below(3)]));
  };
  const actions: readonly (() => unknown)[] = [
    call,
    call,
    call,
    call,
    () => kept.push(state[below(3)].mul(2)),
    () => kept.push(views[below(3)].add(1)),
    () => noGrad(() => state[below(3)].mul_(0.5)),
    () =>
      params[0].grad !== null && kept.push(random() < 0.5 ? params[0].grad.clone() : params[0].grad.mul(2)),
    () => params.forEach((p) => (p.grad = null)),
    () => state.forEach(look),
  ];
  for (let i = 0; i < 10; i++) actions[below(actions.length)]();
  [...state, ...views, ...params, ...args, ...kept].forEach(look);
  for (const { grad } of params) if (grad !== null) look(grad);
  return seen;
}

/** As compiled functions do: results are copies. */
const uncompiled: Way = (body) => (a, b) => body(a, b).map((x) => x.detach().clone());
const ways: Readonly<Record<string, Way>> = {
  compiled: (body) => compile(body),
  interpreted: (body) => compile(body, { backend: 'interpreter' }),
};

for (const [name, way] of Object.entries(ways))
  test(`random functions with side effects: ${name} as uncompiled`, (t) => {
    for (let seed = 0; seed < 60; seed++) {
      const want = observe(seed, uncompiled);
      const got = observe(seed, way);
      const near = (i: number): boolean =>
        Math.abs(want[i] - got[i]) <= 1e-4 * Math.max(1, Math.abs(want[i]));
      const at = want.findIndex((_, i) => !near(i));
      t.true(
        want.length === got.length && at < 0,
        `seed ${seed}: element ${at} is ${got[at]} instead of ${want[at]}`,
      );
    }
  });
