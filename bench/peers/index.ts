// gradloom against other libraries, on those workloads of ../workloads/ that each of them can do. A peer that cannot be loaded is skipped.

import { fileURLToPath } from 'node:url';
import type { nn } from 'gradloom';
import { readArguments, runAlone } from '../lib/alone.ts';
import { full, measure, quick } from '../lib/measure.ts';
import { classes, noise } from '../lib/numbers.ts';
import { header, row } from '../lib/table.ts';
import { makeModel as makeTiny } from '../lib/tinyMlp.ts';
import type { Side } from '../lib/workload.ts';
import { entries } from '../workloads/index.ts';
import { inputs as layerNorm } from '../workloads/layerNorm.ts';
import { makeModel as makeLenet } from '../workloads/lenet.ts';
import { makeModel as makeMlp } from '../workloads/mlpAdam.ts';
import { makeModel as makeRnn } from '../workloads/rnn.ts';
import { makeModel as makeTransformer } from '../workloads/transformer.ts';

/** What the files of the peers get: the same numbers as gradloom. Functions, since each process needs one of them. */
const lib = {
  noise,
  classes,
  inputs: { layerNorm },
  weights: {
    mlpAdam: () => weightsOf(makeMlp()),
    mlpTiny: () => weightsOf(makeTiny()),
    lenet: () => weightsOf(makeLenet()),
    transformer: () => weightsOf(makeTransformer()),
    rnn: () => weightsOf(makeRnn()),
  },
};

interface Peer {
  /** The peer's side by the name of the workload. */
  readonly works: Readonly<Record<string, (given: typeof lib) => Side | Promise<Side>>>;
}

/** Files of this folder, the titles of their tables and what their columns are called. */
const peers = [
  { file: 'jax', title: '@jax-js/jax, wasm', column: 'jax' },
  { file: 'tfjsCpu', title: '@tensorflow/tfjs, cpu', column: 'tfjs' },
  { file: 'tfjsWasm', title: '@tensorflow/tfjs, wasm', column: 'tfjs' },
  { file: 'rose', title: 'rose', column: 'rose' },
];

function weightsOf(model: nn.Module) {
  return model.parameters().map((p) => ({ data: p.toTypedArray(), shape: p.shape }));
}
// this file runs from node_modules/.bench/
const load = (file: string): Promise<Peer> =>
  import(new URL(`../../${file}.js`, import.meta.url).href) as Promise<Peer>;

/** Compares one workload; peers sum in float32, and may be less exact. */
async function compareWith(file: string, name: string): Promise<string> {
  const workload = entries.find((e) => e.name === name)!;
  if (!('gradloom' in workload)) throw new Error(`${name} has no time to compare`);
  const side = await (await load(file)).works[name](lib);
  return row(measure({ ...workload, hand: () => side }, given.quick ? quick : full, 1e-3));
}

/** Tables have the order of those of `npm run bench`. */
const place = (name: string): number => entries.findIndex((e) => e.name === name);

async function compareAll({ file, title, column }: (typeof peers)[number]): Promise<void> {
  console.log(`\n${title}`);
  let names: readonly string[];
  try {
    names = Object.keys((await load(file)).works)
      .filter(given.wanted)
      .sort((a, b) => place(a) - place(b));
  } catch (error) {
    console.log(`skipped: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`);
    return;
  }
  console.log(header(column));
  const self = fileURLToPath(import.meta.url);
  for (const name of names)
    if (!runAlone(self, [...given.options, `${file}/${name}`])) console.log(`${name}: failed`);
}

const given = readArguments();
if (given.alone) console.log(await compareWith(...(given.names[0].split('/') as [string, string])));
else for (const peer of peers) await compareAll(peer);
