// The walk-through of examples/autograd.ts against PyTorch's transcript of the same statements. The two differ by Python's and JavaScript's
// ways of writing a few things: one table says which.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import test from 'ava';

/** How the example writes what the transcript writes otherwise. */
const translations: readonly (readonly [ours: RegExp, theirs: string])[] = [
  [/0x[0-9a-f]+/g, '0x<ADDRESS>'],
  [/\bnull\b/g, 'None'],
  [/\btrue\b(?!\s+if)/g, 'True'],
  [/\bfalse\b/g, 'False'],
  [/^(AutogradError|DTypeError): /gm, 'RuntimeError: '],
  [/^ValueError: (.*)retainVariables/gm, 'TypeError: $1retain_variables'],
  [/retainGraph: true/g, 'retain_graph=True'],
  [/retainGraph: True/g, 'retain_graph=True'],
];

/** What the transcript prints for a pair or a text; and what this version does not have. */
const simplifications: readonly (readonly [theirs: RegExp, simple: string])[] = [
  [/^Only object addresses .*\n/gm, ''],
  [/^Traceback .*\n {2}\.\.\.\n/gm, ''],
  [/^tensor\(\[1\.\+0\.j, 1\.\+0\.j\], requires_grad=True\)\n/gm, ''], // complex dtypes
  [/^<class 'MulBackward0'>\n/gm, ''],
  [/^'(\w+)'$/gm, '$1'],
  [/^\((tensor.*), (tensor.*)\)$/gm, '$1 $2'],
  [/^\((True), (False)\)$/gm, '$1 $2'],
];

/** Tuples and arrays of backward nodes on one line, without brackets. */
const withoutBrackets = (line: string): string =>
  line.includes('Backward0 object') && line.includes(', 0') ? line.replace(/[[\]()\s]+/g, ' ').trim() : line;

const partsOf = (text: string): string[] =>
  text
    .split(/^PART \d.*\n/m)
    .slice(1)
    .map((part) => part.trim());

const apply = (text: string, table: readonly (readonly [RegExp, string])[]): string =>
  table.reduce((result, [pattern, by]) => result.replace(pattern, by), text);

const folder = new URL('..', import.meta.url);

async function expected(): Promise<string[]> {
  const transcript = await readFile(new URL('test/fixtures/walkthrough.txt', folder), 'utf8');
  const printed = transcript
    .split('\n')
    .filter((line) => !line.startsWith('>>>') && !line.startsWith('##'))
    .join('\n');
  return partsOf(apply(printed, simplifications)).map((part) =>
    part.split('\n').map(withoutBrackets).join('\n'),
  );
}

async function actual(): Promise<string[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=gradloom-source', '--import=./test/tsimp/run.js', 'examples/autograd.ts'],
    { cwd: folder, env: { ...process.env, TSIMP_DIAG: 'ignore' } },
  );
  const text = apply(stdout, translations).replace(/^\[\n[^]*?^\]$/gm, (list) => list.replace(/\s+/g, ' '));
  return partsOf(text).map((part) => part.split('\n').map(withoutBrackets).join('\n'));
}

test('the walk-through prints what PyTorch prints, part by part', async (t) => {
  const [ours, theirs] = await Promise.all([actual(), expected()]);
  t.is(ours.length, 5);
  ours.forEach((part, i) => t.is(part, theirs[i], `part ${i + 1}`));
});
