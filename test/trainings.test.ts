// Whole trainings, step by step, against real PyTorch: models, losses, optimizers, schedules and random numbers together, compiled and not.

import test from 'ava';
import { readFileSync } from 'node:fs';
import { compile } from '../index.ts';
import { trainings } from './helpers/trainings.ts';
import type { Wrap } from './helpers/trainings.ts';

const recorded = JSON.parse(
  readFileSync(new URL('fixtures/trainings.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, readonly number[]>>;

const ways: Readonly<Record<string, Wrap>> = {
  compiled: (step) => compile(step) as typeof step,
  eager: (step) => step,
};

test('every training that was recorded is there', (t) => {
  t.deepEqual(Object.keys(trainings).sort(), Object.keys(recorded).sort());
});

for (const [name, losses] of Object.entries(recorded))
  for (const [way, wrap] of Object.entries(ways))
    test(`${name}, ${way}, has the losses of PyTorch`, (t) => {
      const own = trainings[name](wrap);
      t.is(own.length, losses.length);
      // rounding of float32 grows from step to step
      own.forEach((loss, i) =>
        t.true(Math.abs(loss - losses[i]) <= 1e-5 * Math.abs(losses[i]), `${i}: ${loss}, ${losses[i]}`),
      );
    });
