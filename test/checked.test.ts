// Checked mode: faults that are put into a program on purpose, and what is said about them; scripts that show them again.

import test from 'ava';
import { InternalError } from '../compiler/errors.ts';
import { makeGraph } from '../compiler/graph.ts';
import type { Graph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import { build } from '../compiler/pipeline.ts';
import type { Built } from '../compiler/pipeline.ts';
import * as g from '../index.ts';
import { add, amax, exp, matmul, mul, sin, softmax, sum, transpose } from '../ops/index.ts';
import { input } from '../ops/source.ts';
import type { TypedArray } from '../runtime/buffer.ts';
import { checkRun } from '../runtime/checkedRun.ts';
import { evaluateAll } from '../runtime/interpret.ts';
import { link } from '../runtime/link.ts';
import { scriptOf } from '../runtime/script.ts';
import { compileGraph } from './helpers/compile.ts';
import { randomGraph } from './helpers/randomGraph.ts';
import { located } from './helpers/located.ts';

const x = (...shape: number[]): Node => input({ shape, dtype: 'float32' });
const wide = (...shape: number[]): Node => input({ shape, dtype: 'float64' });
const homeless = (graph: Graph): null[] => graph.inputs.map(() => null);

/** A compiler that writes something else than it should. */
const tampered = (built: Built, from: string, to: string): Built => ({
  ...built,
  emitted: {
    ...built.emitted,
    scripts: built.emitted.scripts.map((s) => ({ ...s, text: s.text.replaceAll(from, to) })),
  },
});

/** Runs a graph in checked mode with the fault put in, in the whole program and in its parts. */
function messageOf(graph: Graph, arrays: readonly TypedArray[], from: string, to: string): string {
  const { built } = compileGraph(graph);
  const linked = link(tampered(built, from, to), homeless(graph));
  arrays.forEach((a, i) => linked.inputs[i].set(a));
  const alone = (part: Graph, inputs: readonly TypedArray[]): readonly TypedArray[] => {
    const options = { ...built.options, writeBack: part.outputs.map(() => null) };
    const again = link(tampered(build(part, options), from, to), homeless(part));
    inputs.forEach((a, i) => again.inputs[i].set(a));
    again.run();
    return again.outputs;
  };
  try {
    checkRun(graph, built, linked, built.options, alone);
  } catch (error) {
    if (error instanceof InternalError) return error.message;
    throw error;
  }
  return '';
}

test('a wrong kernel is named, with both values, the user’s line and the smallest script', (t) => {
  const a = wide(3);
  const wrong = located({ op: 'sin', file: 'model.ts', line: 7, column: 3 }, () => sin(mul(a, a)));
  const graph = makeGraph([a], [exp(add(wrong, 1)), wrong]);
  const message = messageOf(graph, [Float64Array.of(0, 1, 2)], 'Math.sin', 'Math.cos');
  const lines = message.split('\n');
  t.regex(
    lines[0],
    /^internal: checked: kernel \w+ computes (sin|exp) wrongly: element 0 is [\d.]+, the interpreter says [\d.]+$/,
  );
  t.deepEqual(lines.slice(1, 3), ['of sin at model.ts:7:3', 'to see it again:'], message);
});

test('what fails alone is cut out of its kernel', (t) => {
  const a = wide(2);
  const graph = makeGraph([a], [sin(mul(exp(a), 3))]);
  const message = messageOf(graph, [Float64Array.of(0, 1)], 'Math.sin', 'Math.cos');
  const script = message.slice(message.indexOf('import'), message.indexOf('));') + 3);
  t.is(
    script,
    `import { compile, sin, tensor } from 'gradloom';

const f = compile((a) => {
  const b = sin(a);
  return [b];
}, { checked: true });
console.log(f(
  tensor([3, 8.154845485377136], { dtype: 'float64' }),
));`,
  );
});

test('a program without a fault passes, and its results are in place', (t) => {
  const a = x(2, 3);
  const graph = makeGraph([a], [softmax(a, 1), sum(a)]);
  t.is(messageOf(graph, [Float32Array.of(1, 2, 3, 4, 5, 6)], 'nothing of this kind', ''), '');
});

/** What a script prints, as numbers. */
function runScript(script: string): number[][] {
  const names = /^import \{ (.*) \} from 'gradloom';/.exec(script)![1];
  const body = script
    .replace(/^import.*\n/, '')
    .replace('console.log(f(', 'return (f(')
    .replace('{ checked: true }', '{}');
  const run = new Function('gradloom', `const { ${names} } = gradloom;\n${body}`) as (
    library: typeof g,
  ) => g.Tensor[];
  return run(g).map((y) => Array.from(y.toTypedArray()));
}

function valuesOf(graph: Graph, arrays: readonly TypedArray[]): Map<Node, TypedArray> {
  const values = new Map<Node, TypedArray>();
  graph.inputs.forEach((n, i) => values.set(n, arrays[i]));
  evaluateAll(graph.nodes, values);
  return values;
}

test('a script computes what the graph means: each operation of simplified random graphs', (t) => {
  const spelled = new Set<string>();
  for (let seed = 0; seed < 12; seed++) {
    const random = randomGraph(seed);
    const { optimized } = compileGraph(random).built;
    const values = valuesOf(optimized, random.arrays);
    for (const n of optimized.nodes) {
      if (n.inputs.length === 0) continue;
      const script = scriptOf(
        [n],
        (m) => m !== n,
        (m) => values.get(m)!,
      );
      if (script.includes('// as it is inside')) continue;
      spelled.add(n.op.name);
      const [got] = runScript(script);
      const want = values.get(n)!;
      t.is(got.length, want.length, script);
      got.forEach((v, i) => {
        const close = Object.is(v, want[i]) || Math.abs(v - want[i]) <= 1e-5 * Math.max(1, Math.abs(want[i]));
        if (!close) t.fail(`element ${i} is ${v} instead of ${want[i]}:\n${script}`);
      });
    }
  }
  t.true(spelled.size > 15, [...spelled].join(' '));
});

test('a script of many elements takes random ones, and says so', (t) => {
  const [a, b] = [x(40, 30), x(30, 20)];
  const y = amax(matmul(transpose(transpose(a, 0, 1), 0, 1), b), 1);
  const graph = makeGraph([a, b], [y]);
  const values = valuesOf(graph, [new Float32Array(1200), new Float32Array(600)]);
  const script = scriptOf(
    [y],
    () => false,
    (n) => values.get(n)!,
  );
  t.regex(script, /randn\(\[40, 30\]\), \/\/ 1200 random numbers instead of those that were met/);
});
