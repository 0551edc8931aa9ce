// The training step of examples/digits.ts: 64-128-10, batch 64, Adam and a running average of the parameters. Nothing by hand; what counts is
// the column `cold`: tracing and compiling in a fresh process.

import { tensor } from 'gradloom';
import { makeTraining } from '../../examples/digits.ts';
import { classes, noise } from '../lib/numbers.ts';
import type { Workload } from '../lib/workload.ts';

const batch = 64;

const workload: Workload = {
  name: 'digits-step',
  gradloom() {
    const { model, step } = makeTraining();
    const pixels = tensor(noise(batch * 64), { shape: [batch, 64] });
    const digits = tensor(classes(batch, 10));
    return {
      run: () => void step(pixels, digits),
      results: () => model.parameters().map((p) => p.toTypedArray()),
      program: () => step.lower(pixels, digits),
    };
  },
};

export const workloads = [workload];
