// Every stage of one small program, from the graph to the source: what docs/architecture.md shows.
//
//     node --conditions=gradloom-source --import=./test/tsimp/run.js examples/stages.ts

import { compile, randn } from 'gradloom';
import type { Tensor } from 'gradloom';
import { isMain } from './lib/main.ts';

const gradient = compile((x: Tensor, w: Tensor) => {
  const loss = x.softmax(-1).mul(w).sum();
  loss.backward();
  const { grad } = x;
  x.grad = null;
  return [loss, grad];
});

export const program = gradient.lower(randn([8, 100], { requiresGrad: true }), randn([8, 100]));

if (isMain(import.meta.url)) {
  console.log(program.explain());
  console.log(program.source);
}
