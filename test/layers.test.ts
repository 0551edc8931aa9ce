// Who may know whom. The imports of every source file are read and held against one table of layers; a breach fails with its line.

import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

import test from 'ava';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  /** The file that imports, from the root: `ops/view.ts`. */
  readonly from: string;
  readonly line: number;
  /** The file that is imported, from the root, or the name of a package. */
  readonly to: string;
  readonly names: readonly string[];
  readonly typeOnly: boolean;
}

interface Source {
  readonly imports: readonly Import[];
  /** Where each name is used as a value or as a type, by line; not where it stands in a text, in a comment or behind a dot. */
  readonly uses: ReadonlyMap<string, number>;
  /** Statements that are neither an import nor a re-export, by line. */
  readonly own: readonly number[];
}

/** Names, and whether nothing but types is imported. */
function namesOf(s: ts.ImportDeclaration | ts.ExportDeclaration): Pick<Import, 'names' | 'typeOnly'> {
  const clause = ts.isImportDeclaration(s) ? s.importClause : s;
  if (!clause) return { names: [], typeOnly: false };
  const bound = ts.isExportDeclaration(clause) ? clause.exportClause : clause.namedBindings;
  const named = bound && (ts.isNamedImports(bound) || ts.isNamedExports(bound)) ? [...bound.elements] : [];
  const whole = named.length === 0 || (ts.isImportClause(clause) && clause.name !== undefined);
  return {
    names: named.map((e) => (e.propertyName ?? e.name).text),
    typeOnly: clause.isTypeOnly || (!whole && named.every((e) => e.isTypeOnly)),
  };
}

function readSource(from: string, text: string): Source {
  const file = ts.createSourceFile(from, text, ts.ScriptTarget.Latest, true);
  const imports: Import[] = [];
  const uses = new Map<string, number>();
  const own: number[] = [];
  const lineOf = (n: ts.Node): number => file.getLineAndCharacterOfPosition(n.getStart(file)).line + 1;
  const add = (n: ts.Node, specifier: ts.Node, more: Pick<Import, 'names' | 'typeOnly'>): void => {
    const name = ts.isStringLiteralLike(specifier) ? specifier.text : '?'; // a computed import may be of anything
    const to = name.startsWith('.') ? posix.join(posix.dirname(from), name) : name;
    imports.push({ from, line: lineOf(n), to, ...more });
  };
  const visit = (n: ts.Node): void => {
    if ((ts.isImportDeclaration(n) || ts.isExportDeclaration(n)) && n.moduleSpecifier)
      return add(n, n.moduleSpecifier, namesOf(n));
    if (ts.isCallExpression(n) && n.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(n, n.arguments[0], { names: [], typeOnly: false });
    if (ts.isImportTypeNode(n))
      add(n, ts.isLiteralTypeNode(n.argument) ? n.argument.literal : n, { names: [], typeOnly: true });
    if (ts.isIdentifier(n) && !isProperty(n) && !uses.has(n.text)) uses.set(n.text, lineOf(n));
    ts.forEachChild(n, visit);
  };
  visit(file);
  for (const s of file.statements)
    if (!ts.isImportDeclaration(s) && !(ts.isExportDeclaration(s) && s.moduleSpecifier)) own.push(lineOf(s));
  return { imports, uses, own };
}

/** `b` in `a.b` and in `{ b: 1 }`. */
const isProperty = ({ parent, ...n }: ts.Identifier): boolean =>
  (ts.isPropertyAccessExpression(parent) && parent.name.pos === n.pos) ||
  ((ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isMethodDeclaration(parent)) &&
    parent.name.pos === n.pos);

const filesIn = (folder: string): string[] =>
  readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .filter((name) => /\.[mc]?[jt]s$/.test(name) && !name.includes('node_modules/'))
    .sort();

const read = (from: string): Source => readSource(from, readFileSync(root + from, 'utf8'));
const library = new Map(
  ['compiler', 'ops', 'runtime', 'nn'].flatMap(filesIn).map((from) => [from, read(from)]),
);
const index = read('index.ts');

interface Layer {
  readonly what: string;
  readonly files: RegExp;
  /** What they may import. */
  readonly may: RegExp;
  /** What they must not import all the same, unless it is one of the types in `types`. */
  readonly never?: RegExp;
  readonly types?: readonly string[];
}

/** Of compiler/, what an operator is described with. ops/ knows no loop, no plan and no pass. */
const description = 'op|node|scalar|shape|dtype|errors|rewrite|view';

const layers: readonly Layer[] = [
  { what: 'compiler/ knows only itself', files: /^compiler\//, may: /^compiler\// },
  {
    what: 'what works on loops does not know the graph',
    files: /^compiler\/(emit\/.*|tidy|tile|invert|schedule|nest|affine|plan)\.ts$/,
    may: /^compiler\//,
    never: /^compiler\/(op|node|group|graph|reads|domain|lower\w*)\.ts$/,
    types: ['Origin'], // the lines of the user's program that a kernel's comment names
  },
  {
    what: 'ops/ knows how operators are described',
    files: /^ops\//,
    may: new RegExp(`^(ops/.*|compiler/(${description})\\.ts)$`),
  },
  {
    what: 'runtime/ knows compiler/ and ops/',
    files: /^runtime\/(?!inspect\/)/,
    may: /^((compiler|ops|runtime)\/|acorn$)/,
    never: /^acorn$/, // loaded when it is needed; its types cost nothing
    types: [
      ...['AnyNode', 'CallExpression', 'Expression', 'ForStatement', 'FunctionDeclaration', 'Identifier'],
      ...['Pattern', 'Program', 'SpreadElement', 'Statement', 'parse'],
    ],
  },
  {
    what: 'the rest of the library knows of runtime/inspect/ only programs and their structure; the page is loaded when it is asked for',
    files: /^(compiler|ops|nn|runtime\/(?!inspect\/))/,
    may: /./,
    never: /^runtime\/inspect\/(?!(program|structure)\.ts$)/,
  },
  {
    what: 'runtime/inspect/ knows programs, and libraries that draw and read sources',
    files: /^runtime\/inspect\/(?!node\/)/,
    may: /^((compiler|runtime)\/|acorn$|@dagrejs\/dagre$)/,
    never: /^runtime\/inspect\/node\//,
  },
  {
    what: 'the command line knows Node, and of the library what the page knows',
    files: /^runtime\/inspect\/node\//,
    may: /^(runtime\/(inspect\/|parser)|node:|\?$)/, // what it cannot name is the user's script
  },
  { what: 'nn/ knows only the public surface', files: /^nn\//, may: /^(nn\/.*|runtime\/public\.ts)$/ },
  {
    what: 'index.ts knows only the public surfaces',
    files: /^index\.ts$/,
    may: /^(runtime\/public|nn\/index)\.ts$/,
  },
];

/** What an import breaks, in words, or null. */
function breach({ from, to, names, typeOnly, line }: Import, layer: Layer): string | null {
  const allowed = layer.may.test(to);
  const excused = typeOnly && names.length > 0 && names.every((name) => layer.types?.includes(name));
  if (allowed && (!layer.never?.test(to) || excused)) return null;
  return `${from}:${line} imports ${to}`;
}

const breaches = (layer: Layer, sources: Iterable<Source>): string[] =>
  [...sources]
    .flatMap(({ imports }) => imports)
    .flatMap((i) => (layer.files.test(i.from) ? (breach(i, layer) ?? []) : []));

for (const layer of layers)
  test(layer.what, (t) => {
    t.true([...library.keys(), 'index.ts'].some((from) => layer.files.test(from)));
    t.deepEqual(breaches(layer, [...library.values(), index]), []);
  });

test('a breach is found however it is written', (t) => {
  const found = (from: string, text: string): string[] =>
    layers.flatMap((layer) => breaches(layer, [readSource(from, text)]));
  const bad: [from: string, text: string][] = [
    ['compiler/fold.ts', `import { add } from '../ops/binary.ts';`],
    ['compiler/fold.ts', `import type { Tensor } from '../runtime/tensor.ts';`],
    ['compiler/fold.ts', `import fs from 'node:fs';`],
    ['compiler/fold.ts', `import 'node:fs';`],
    ['compiler/fold.ts', `const fs = await import('node:fs');`],
    ['compiler/fold.ts', `const fs = await import(name);`],
    ['compiler/fold.ts', `type T = import('../ops/binary.ts').T;`],
    ['compiler/fold.ts', `export * from '../ops/binary.ts';`],
    ['compiler/tidy.ts', `import type { Node } from './node.ts';`],
    ['compiler/tidy.ts', `import { type Origin, node } from './node.ts';`],
    ['compiler/tidy.ts', `import * as nodes from './node.ts';`],
    ['compiler/emit/js.ts', `import { lower } from '../lowering.ts';`],
    ['ops/view.ts', `import { lower } from '../compiler/lower.ts';`],
    ['ops/linalg/lu.ts', `import { Tensor } from '../../runtime/tensor.ts';`],
    ['runtime/compile.ts', `import { reportPage } from './inspect/page.ts';`],
    ['runtime/inspect/page.ts', `import { readFileSync } from 'node:fs';`],
    ['runtime/inspect/page.ts', `import { inspect } from './node/inspect.ts';`],
    ['nn/optim/sgd.ts', `import { Tensor } from '../../runtime/tensor.ts';`],
    ['runtime/parser.ts', `import { parse } from 'acorn';`],
    ['index.ts', `export { add } from './ops/binary.ts';`],
  ];
  for (const [from, text] of bad) t.is(found(from, text).length, 1, `${from}: ${text}`);
  t.deepEqual(found('compiler/tidy.ts', `import type { Origin } from './node.ts';`), []);
  t.deepEqual(found('compiler/tidy.ts', `import { type Origin } from './node.ts';`), []);
  t.deepEqual(
    found('compiler/fold.ts', `// import '../ops/binary.ts'\nconst text = "import '../ops/binary.ts'";`),
    [],
  );
});

/** Files that need each other, though only once they are called: a derivative is made of other operators, and tensors have methods. */
const circles: readonly (readonly string[])[] = [
  ['binary', 'binary-divide', 'binary-mixed', 'binary-power', 'unary', 'unary-round', 'unary-trig'].map(
    (name) => `ops/${name}.ts`,
  ),
  ['ops/reduce-sum.ts', 'ops/view-affine.ts', 'ops/view-rules.ts', 'ops/view.ts'],
  ['ops/select-clamp.ts', 'ops/select.ts'],
  [
    ...['accumulate', 'gradFn', 'hooks', 'record', 'saved', 'tangents'].map(
      (name) => `runtime/autograd/${name}.ts`,
    ),
    ...['inplace', 'tensor', 'views'].map((name) => `runtime/${name}.ts`),
  ],
];

/** What a file imports, and what that imports, and so on; not what is imported for types. */
function reachedFrom(from: string, reached = new Set<string>()): Set<string> {
  for (const { to, typeOnly } of library.get(from)?.imports ?? [])
    if (!typeOnly && !reached.has(to)) reachedFrom(to, reached.add(to));
  return reached;
}

test('no other files import each other in a circle', (t) => {
  const reached = new Map([...library.keys()].map((from) => [from, reachedFrom(from)]));
  const inCircles = [...reached].flatMap(([from, others]) =>
    others.has(from) ? [[...others].filter((to) => reached.get(to)?.has(from)).sort()] : [],
  );
  const found = new Set(inCircles.map((files) => files.join(' ')));
  t.deepEqual([...found].sort(), circles.map((files) => [...files].sort().join(' ')).sort());
});

test('index.ts only re-exports, beside the version', (t) => {
  t.true(index.imports.length > 0);
  const text = readFileSync(`${root}index.ts`, 'utf8').split('\n');
  t.deepEqual(
    index.own.map((line) => text[line - 1]).filter((line) => !line.startsWith('export const version = ')),
    [],
  );
});

test('the compiler and the operators ask no environment and no clock', (t) => {
  const outside = ['process', 'globalThis', 'Date', 'performance', 'require', 'setTimeout'];
  const faults = [...library].flatMap(([from, { uses }]) =>
    /^(compiler|ops)\//.test(from)
      ? outside.flatMap((name) => (uses.has(name) ? `${from}:${uses.get(name)} uses ${name}` : []))
      : [],
  );
  t.deepEqual(faults, []);
});

test('benchmarks and examples import the package by its name', (t) => {
  for (const folder of ['bench', 'examples'])
    for (const from of filesIn(folder))
      for (const { to, line } of read(from).imports)
        t.true(
          to.startsWith(`${folder}/`) || !/^(compiler|ops|runtime|nn|index\.ts|dist)/.test(to),
          `${from}:${line} imports ${to}`,
        );
});
