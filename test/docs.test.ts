// The pages show what the program prints. In: the pages of docs/ and README.md. Out: every quoted stage is found, line by line, in what
// examples/stages.ts prints now; scripts print what stands beside them; every file a page names is there. `...` in a quotation stands for lines that are left out.

import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';
import * as g from '../index.ts';
import { program } from '../examples/stages.ts';

const root = new URL('..', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');

/** The fenced texts of a page, with their language. */
const quotations = (page: string): readonly (readonly [language: string, text: string])[] =>
  [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language, text]) => [language, text]);

const trimmed = (line: string): string => line.replace(/\s+\/\/ .*$/, '').trim();

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map(trimmed)
    .filter((line) => line !== '');

/** The parts of a quotation between its `...`. */
function partsOf(quoted: string): string[][] {
  const parts: string[][] = [[]];
  for (const line of linesOf(quoted))
    if (line.startsWith('...')) parts.push([]);
    else parts.at(-1)!.push(line);
  return parts.filter((part) => part.length > 0);
}

/** The first part of a quotation that is not in a text, after the parts before it; null if all are. */
function missingPart(quoted: string, text: string): string | null {
  const lines = linesOf(text);
  let from = 0;
  for (const part of partsOf(quoted)) {
    const at = lines.findIndex((_, i) => i >= from && part.every((line, k) => lines[i + k] === line));
    if (at < 0) return part.join('\n');
    from = at + part.length;
  }
  return null;
}

const example = read('docs/architecture.md').split('## One example')[1].split('\n## ')[0];
/** Comments of kernels name the lines of the example's own file. */
const printed = `${program.explain()}\n${program.source.replace(/^\/\/ examples\/stages\.ts:.*\n/gm, '')}`;

const shown = quotations(example).filter(([language]) => language !== 'ts');
for (const [i, [, text]] of shown.entries())
  test(`docs/architecture.md quotes what is printed, part ${i + 1}: ${text.split('\n')[0]}`, (t) =>
    t.is(missingPart(text, printed), null));

test('docs/architecture.md shows the graph before and after, the rules, the groups and the kernel', (t) => {
  t.true(shown.length >= 5);
  const [, source] = quotations(example).find(([language]) => language === 'ts')!;
  t.is(missingPart(source, read('examples/stages.ts')), null);
});

test('README.md quotes a kernel as it is made', (t) => {
  const kernel = quotations(read('README.md')).find(([, text]) => text.startsWith('// for i<'))![1];
  const [x, w] = [g.randn([8, 100]), g.randn([100], { requiresGrad: true })];
  const made = g.compile((a: g.Tensor, b: g.Tensor) => {
    a.softmax(-1).mul(b).sum().backward();
    const { grad } = b;
    b.grad = null;
    return grad;
  });
  const source = made.lower(x, w).source.replace(/^\/\/ test\/docs\.test\.ts:\d+ /gm, '// loss.js:3 ');
  t.is(missingPart(kernel.replace(/^\/\/ loss.*$/m, '...'), source), null);
});

/** What a script of a page prints that imports from the library alone. */
function printedBy(script: string): string[] {
  const [line, imported] = /^import \{ (.*) \} from 'gradloom';$/m.exec(script)!;
  const names = imported.split(', ');
  const lines: string[] = [];
  const console = { log: (...values: unknown[]) => lines.push(values.map(String).join(' ')) };
  const library: Readonly<Record<string, unknown>> = g;
  new Function('console', ...names, script.replace(line, ''))(console, ...names.map((name) => library[name]));
  return lines;
}

for (const [, script] of quotations(read('docs/from-pytorch.md')))
  test(`docs/from-pytorch.md says what is printed by ${script.split('\n')[2]}`, (t) => {
    const said = [...script.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
    t.true(said.length > 0);
    t.deepEqual(printedBy(script), said);
  });

test('files that the pages name are there', (t) => {
  const pages = [
    'README.md',
    ...['architecture', 'from-pytorch', 'inspecting', 'performance'].map((name) => `docs/${name}.md`),
  ];
  for (const page of pages) {
    const text = read(page);
    for (const [, file] of text.matchAll(/\]\((?!https?:)([\w./-]+)\)/g))
      t.true(existsSync(new URL(file, new URL(page, root))), `${page}: ${file}`);
    for (const [, file] of text.matchAll(
      /`((?:compiler|ops|runtime|nn|test|examples|docs|bench)\/[\w/-]+\.(?:ts|md))/g,
    ))
      t.true(existsSync(new URL(file, root)), `${page}: ${file}`);
  }
});
