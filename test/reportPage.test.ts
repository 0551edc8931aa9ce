// The page that a program writes about itself. In: compiled functions. Out: what stands on the page, read by taking its markup apart; how it looks
// and answers clicks is tested in a browser (npm run test:browser).

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'acorn';
import test from 'ava';
import { build } from 'esbuild';
import { compile, manualSeed, randn } from '../index.ts';
import type { Program, Tensor } from '../index.ts';
import { tokens } from '../runtime/inspect/highlight.ts';
import { html } from '../runtime/inspect/html.ts';
import { layOut } from '../runtime/inspect/layout.ts';
import { structureOf } from '../runtime/inspect/structure.ts';

manualSeed(0);
const w = randn([8, 4], { requiresGrad: true });

function makeProgram(): Program {
  const step = compile(
    (x: Tensor) => {
      const loss = x.matmul(w).softmax(-1).square().sum();
      loss.backward();
      return loss;
    },
    { name: 'step' },
  );
  step(randn([16, 8]));
  return step.programs[0];
}

const attribute = (markup: string, name: string): string[] =>
  [...markup.matchAll(new RegExp(`\\s${name}="([^"]*)"`, 'g'))].map((m) => m[1]);

const scripts = (page: string): { data: string; behaviour: string } => {
  const [, data] = /<script type="application\/json" id="data">\s*([^]*?)\s*<\/script>/.exec(page)!;
  const [, behaviour] = /<script>([^]*?)<\/script>/.exec(page)!;
  return { data, behaviour };
};

test('both graphs are drawn, an operation a box, under unique ids', async (t) => {
  const program = makeProgram();
  const page = await program.report();
  const { before, after } = structureOf(program)!;
  const ids = attribute(page, 'id');
  t.is(new Set(ids).size, ids.length);
  t.is(ids.filter((id) => /^p0-before-\d+$/.test(id)).length, before.length);
  t.is(ids.filter((id) => /^p0-after-\d+$/.test(id)).length, after.length);
});

test('whatever the page refers to is on it', async (t) => {
  const page = await makeProgram().report();
  const ids = new Set(attribute(page, 'id'));
  const references = [
    ...attribute(page, 'href').flatMap((h) => (h.startsWith('#') ? [h.slice(1)] : [])),
    ...attribute(page, 'data-op'),
    ...attribute(page, 'data-of'),
    ...attribute(page, 'aria-labelledby'),
  ];
  t.true(references.length > 10);
  t.deepEqual(
    references.filter((id) => !ids.has(id)),
    [],
  );
});

test('the page loads nothing: no address but its own anchors, and a policy that forbids it', async (t) => {
  const page = await makeProgram().report();
  t.deepEqual(
    [...attribute(page, 'href'), ...attribute(page, 'src')].filter((a) => !/^(#|data:,$)/.test(a)),
    [],
  );
  t.regex(page, /default-src 'none'/);
  t.notRegex(page, /url\(|@import/);
});

test('each kernel stands there with its source and the line of the user that it computes', async (t) => {
  const program = makeProgram();
  const page = await program.report();
  for (const [i, kernel] of program.kernels.entries()) {
    const start = page.indexOf(`<article id="p0-k${i}"`);
    const article = page.slice(start, page.indexOf('</article>', start));
    const code = /<pre[^>]*><code>([^]*)<\/code><\/pre/.exec(article)![1].replace(/<[^>]*>/g, '');
    const text = code
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&');
    t.is(text, kernel.source);
  }
  t.regex(page, /reportPage\.test\.ts:\d+<\/code>/);
  t.regex(page, /const loss = x\.matmul\(w\)\.softmax\(-1\)\.square\(\)\.sum\(\);/);
});

test('an operation of the graph before is computed by the kernels of what replaced it', (t) => {
  const program = makeProgram();
  const { before, after } = structureOf(program)!;
  const softmax = before.find((o) => o.op === 'softmax')!;
  t.true(softmax.computed);
  const exp = after.find((o) => o.op === 'exp')!;
  t.true(softmax.kernels.includes(exp.kernels[0]));
});

test('operations stand after what they read, and an input next to its first reader', (t) => {
  const { before, after } = structureOf(makeProgram())!;
  for (const graph of [before, after])
    graph.forEach((o, i) => {
      for (const input of o.inputs) t.true(input < i);
      if (o.role === 'input') t.true(graph.findIndex((x) => x.inputs.includes(i)) <= i + 3);
    });
});

test('data and script can be read: JSON and JavaScript', async (t) => {
  const program = makeProgram();
  const { data, behaviour } = scripts(await program.report());
  const { places, programs } = JSON.parse(data) as {
    places: [place: string, call: string, line: string][];
    programs: [{ kernels: string[]; after: { place: number; computed: boolean }[] }];
  };
  const [{ kernels, after }] = programs;
  t.deepEqual(
    kernels,
    program.kernels.map((k) => k.name),
  );
  t.is(after.length, structureOf(program)!.after.length);
  for (const { place, computed } of after)
    if (computed) t.regex(places[place].join(' '), /reportPage\.test\.ts:\d+:\d+ .+ const loss = /);
  t.is(new Set(places.map(String)).size, places.length);
  t.notThrows(() => parse(behaviour, { ecmaVersion: 2022 }));
});

test('a program that has been called has a bar per kernel, one that has not says so', async (t) => {
  const program = makeProgram();
  t.is((await program.report()).match(/class="bar"/g)?.length, program.kernels.length);
  const lowered = compile((x: Tensor) => x.exp().sum(0)).lower(randn([4, 4]));
  t.regex(await lowered.report(), /It has not been called/);
});

test('every buffer of the arena is in the picture of memory and in its table', async (t) => {
  const program = makeProgram();
  const page = await program.report();
  const { slots } = structureOf(program)!;
  t.true(slots.length > 1);
  t.is(page.match(/<g class="place /g)?.length, slots.length);
  for (const { buffer } of slots) t.regex(page, new RegExp(`<th scope="row" class="mono">${buffer}</th>`));
});

test('names are escaped, on the page and in its data', async (t) => {
  const step = compile((x: Tensor) => x.exp(), { name: '</script><img src=x>' });
  step(randn([2]));
  const page = await step.programs[0].report();
  t.notRegex(page, /<img/);
  t.is(page.match(/<\/script>/g)?.length, 2);
  t.is(html`<i a="${'"<'}">${'&'}</i>`.text, '<i a="&quot;&lt;">&amp;</i>');
});

test('report writes the file that it is given, and says why it cannot', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gradloom-'));
  const program = makeProgram();
  const file = join(folder, 'step.html');
  t.is(await program.report(file), await readFile(file, 'utf8'));
  await t.throwsAsync(program.report(join(folder, 'none', 'step.html')), {
    message: /^report\(\): cannot write .*ENOENT/,
  });
  await rm(folder, { recursive: true });
});

test('profile() without arguments runs on the last call, and leaves no trace', (t) => {
  const weight = randn([4], { requiresGrad: true });
  const step = compile((x: Tensor) => {
    const loss = x.mul(weight).sum();
    loss.backward();
    return loss;
  });
  const x = randn([4]);
  step(x);
  const before = weight.grad!.toArray();
  t.is(step.programs[0].profile(undefined, { runs: 3 }).runs, 3);
  t.deepEqual(weight.grad!.toArray(), before);
  t.throws(
    () =>
      compile((y: Tensor) => y.neg())
        .lower(x)
        .profile(),
    { message: /has not been called yet/ },
  );
});

test('the words of a source that have a colour are its comments, keywords, numbers and calls', (t) => {
  const source = "// for i<8\nfunction f2(a00) { let s = 'x<y'; return Math.exp($in0[i + 12]) + 1.5e-7; }\n";
  const marked = [...source.matchAll(tokens)].flatMap(({ 0: token, groups }) =>
    Object.entries(groups!).flatMap(([kind, text]) => (text === undefined ? [] : [`${kind} ${token}`])),
  );
  t.deepEqual(marked, [
    ...['comment // for i<8', 'keyword function', 'call f2', 'keyword let', "string 'x<y'", 'keyword return'],
    ...['call exp', 'number 12', 'number 1.5e-7'],
  ]);
});

test('boxes of a layout do not overlap, in one band and in many', (t) => {
  for (const count of [40, 300]) {
    const boxes = Array.from({ length: count }, (_, i) => ({
      width: 60 + (i % 5) * 20,
      height: 36,
      inputs:
        i === 0 ? [] : [i - 1, Math.floor(i / 3)].filter((x, at, all) => x < i && all.indexOf(x) === at),
    }));
    const { places, edges, width, height } = layOut(boxes);
    t.is(
      edges.length,
      boxes.reduce((n, b) => n + b.inputs.length, 0),
    );
    t.is(
      edges.some((e) => e.far),
      count === 300,
    );
    places.forEach((p, i) => {
      t.true(p.x - boxes[i].width / 2 >= 0 && p.x + boxes[i].width / 2 <= width && p.y + 18 <= height);
      for (let j = 0; j < i; j++)
        if (
          Math.abs(p.y - places[j].y) < 36 &&
          Math.abs(p.x - places[j].x) < (boxes[i].width + boxes[j].width) / 2
        )
          t.fail(`${i} and ${j}`);
    });
    t.pass();
  }
});

test('who bundles the package for browsers sends the page and its libraries only to those who ask for it', async (t) => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../index.ts', import.meta.url))],
    bundle: true,
    splitting: true,
    write: false,
    outdir: 'out',
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['gradloom-source'],
    metafile: true,
    logLevel: 'silent',
  });
  const chunks = Object.values(metafile.outputs);
  const entry = chunks.find((c) => c.entryPoint?.endsWith('index.ts'))!;
  const first = new Set<string>();
  const take = (chunk: typeof entry): void => {
    Object.keys(chunk.inputs).forEach((name) => first.add(name));
    for (const { path, kind } of chunk.imports) if (kind === 'import-statement') take(metafile.outputs[path]);
  };
  take(entry);
  t.true([...first].some((name) => name.endsWith('runtime/compile.ts')));
  t.deepEqual(
    [...first].filter((name) => /dagre|acorn|inspect\/(?!program)/.test(name)),
    [],
  );
});
