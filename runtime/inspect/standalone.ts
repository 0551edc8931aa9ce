// A kernel as a file that runs by itself. In: a program and one of its kernels. Out: a module that makes up inputs, runs the kernel on them,
// and prints its time and a checksum: to measure a change by hand, or to show a bug.
//
// Of the program's source it takes what the kernel mentions: its buffers, and helper functions with what these mention; special functions, which
// a source is given, are written into it. So a file needs nothing but Node, wherever it lies.

import type { AnyNode, Statement } from 'acorn';
import { importedHelpers } from '../../compiler/emit/helpers.ts';
import { InternalError } from '../../compiler/errors.ts';
import type { KernelCounts } from '../kernelCounts.ts';
import type { Parser } from '../parser.ts';
import type { Kernel, Program } from '../program.ts';
import { structureOf } from './structure.ts';
import type { BufferSize } from './structure.ts';
import { describeCounts } from './words.ts';

/** The names that a piece of source uses; of `a.b` only `a`. */
function mentionedIn(n: AnyNode, found = new Set<string>()): Set<string> {
  if (n.type === 'Identifier') found.add(n.name);
  for (const [key, value] of Object.entries(n)) {
    if (n.type === 'MemberExpression' && key === 'property' && !n.computed) continue;
    for (const child of Array.isArray(value) ? value : [value])
      if (child instanceof Object && 'type' in child) mentionedIn(child as AnyNode, found);
  }
  return found;
}

/** The names that a statement declares. */
function declaredBy(s: Statement): string[] {
  if (s.type === 'FunctionDeclaration') return s.id ? [s.id.name] : [];
  if (s.type !== 'VariableDeclaration') return [];
  return s.declarations.flatMap(({ id }) =>
    id.type === 'Identifier'
      ? [id.name]
      : id.type === 'ObjectPattern'
        ? id.properties.flatMap((p) =>
            p.type === 'Property' && p.value.type === 'Identifier' ? [p.value.name] : [],
          )
        : [],
  );
}

/** The statements of a program that one of its functions needs, itself included, in their order. */
function neededBy(name: string, body: readonly Statement[]): Set<Statement> {
  const declarations = new Map(body.flatMap((s) => declaredBy(s).map((n) => [n, s] as const)));
  const needed = new Set<Statement>();
  const names = [name];
  for (let next = names.pop(); next !== undefined; next = names.pop()) {
    const declaration = declarations.get(next);
    if (!declaration || needed.has(declaration)) continue;
    needed.add(declaration);
    // `const { a, b } = helpers` mentions no more than what is wanted of it
    if (!fromHelpers(declaration)) names.push(...mentionedIn(declaration));
    // a table is declared, then filled by a loop
    for (const s of body)
      if (s.type === 'ForStatement' && !needed.has(s) && mentionedIn(s).has(next)) {
        needed.add(s);
        names.push(...mentionedIn(s));
      }
  }
  return needed;
}

const fromHelpers = (s: Statement): boolean =>
  s.type === 'VariableDeclaration' && s.declarations[0].id.type === 'ObjectPattern';

const arrays = {
  float32: 'Float32Array',
  float64: 'Float64Array',
  int32: 'Int32Array',
  uint8: 'Uint8Array',
  bool: 'Uint8Array',
} as const satisfies Record<BufferSize['dtype'], string>;

export interface StandaloneOptions {
  readonly counts: KernelCounts;
  readonly parse: Parser;
  /** Declarations of the special functions that a source does not hold itself. */
  readonly special: () => string;
}

/** A special function with what it needs, under the name that sources have for it. */
function specialFunction(helper: string, { parse, special }: StandaloneOptions): string {
  const text = special();
  const { name } = importedHelpers[helper];
  const body = parse(text).body as readonly Statement[];
  const needed = neededBy(name, body);
  const statements = body.filter((s) => needed.has(s)).map((s) => text.slice(s.start, s.end));
  return [`const ${helper} = (() => {`, ...statements, `return ${name};`, '})();'].join('\n');
}

export function standalone(program: Program, kernel: Kernel, options: StandaloneOptions): string {
  const { counts, parse } = options;
  const { source } = program;
  const body = parse(source).body as readonly Statement[];
  const needed = neededBy(kernel.name, body);
  const mentioned = new Set([...needed].flatMap((s) => (fromHelpers(s) ? [] : [...mentionedIn(s)])));
  const buffers = structureOf(program)?.buffers;
  const rest: string[] = [];
  for (const s of body) {
    if (!needed.has(s)) continue;
    const [name] = declaredBy(s);
    if (fromHelpers(s)) {
      for (const helper of declaredBy(s).filter((h) => mentioned.has(h)))
        rest.push(specialFunction(helper, options));
    } else if (name?.startsWith('$')) {
      // a whole array, or a piece of one: buffers.x.subarray(64)
      const [, of, piece] = /buffers\.(\w+)([^;]*)/.exec(source.slice(s.start, s.end)) as RegExpExecArray;
      const buffer = buffers?.get(of);
      if (!buffer) throw new InternalError(`standalone: no buffer ${name}`);
      const empty = `new ${arrays[buffer.dtype]}(${buffer.length})`;
      const array = kernel.reads.includes(of) ? `madeUp(${empty})` : empty;
      rest.push(`const ${name} = ${array}${piece};`);
    } else if (s.type === 'FunctionDeclaration' && name === kernel.name)
      rest.push('', kernel.source.trimEnd());
    else rest.push(source.slice(s.start, s.end));
  }
  const usesRoutines = kernel.source.includes('routines.');
  return `// ${kernel.name} of the program ${program.name}, on made-up inputs: node <this file> [runs]
// In one run: ${describeCounts(counts)}.

/** Floats between 0.1 and 1, and integers 0 and 1: within the domain of logarithms and of most indices. */
function madeUp(array) {
  const float = array instanceof Float32Array || array instanceof Float64Array;
  let state = array.length;
  for (let i = 0; i < array.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    array[i] = float ? 0.1 + 0.9 * ((state >>> 8) / 2 ** 24) : state >>> 31;
  }
  return array;
}
${usesRoutines ? '\n/** Routines of the host, such as a sort, are no generated code: here they do nothing. */\nconst routines = new Proxy({}, { get: () => () => undefined });\n' : ''}
${rest.join('\n')}

${kernel.name}();
const results = [${kernel.writes.map((name) => `$${name}`).join(', ')}];
let checksum = 0;
for (const array of results) for (const x of array) checksum += x;

for (const end = performance.now() + 100; performance.now() < end; ) ${kernel.name}(); // until V8 has optimised it
const runs = Number(process.argv[2] ?? 100);
const start = performance.now();
for (let i = 0; i < runs; i++) ${kernel.name}();
const time = (performance.now() - start) / runs;
console.log(\`${kernel.name}: \${time.toPrecision(3)} ms, \${(${counts.flops} / time / 1e6).toPrecision(3)} Gflop/s, checksum \${checksum.toPrecision(9)}\`);
`;
}
