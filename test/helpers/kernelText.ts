// What the text of a program shows about its kernels. In: a generated source. Out: for each kernel its loops, what it calls, and with
// which operators it computes indices.

import type { AnyNode, ForStatement } from 'acorn';

import { sourceParser } from '../../runtime/parser.ts';

export interface KernelText {
  readonly name: string;
  /** The comment lines right above it. */
  readonly comment: readonly string[];
  /** Loops that stand in no other loop. */
  readonly outermost: number;
  readonly loops: number;
  /** Loops that do not run from 0 to a number in steps of a number. */
  readonly oddLoops: readonly string[];
  /** How often each function is called in the text: `exp32`, `Math.sqrt`. */
  readonly calls: Readonly<Record<string, number>>;
  /** Operators inside of [ ]. */
  readonly indexOperators: ReadonlySet<string>;
}

const isNode = (x: unknown): x is AnyNode =>
  typeof x === 'object' && x !== null && 'type' in x && 'start' in x;

/** The nodes directly below one. */
const children = (n: AnyNode): AnyNode[] => Object.values(n).flat().filter(isNode);

function visit(
  n: AnyNode,
  f: (n: AnyNode, parents: readonly AnyNode[]) => void,
  parents: readonly AnyNode[] = [],
): void {
  f(n, parents);
  for (const child of children(n)) visit(child, f, [...parents, n]);
}

const isNumber = (n: AnyNode): boolean => n.type === 'Literal' && typeof n.value === 'number';

/** `for (let i = 0; i < 12; i++)` or `i += 4`. */
function isPlain({ init, test, update }: ForStatement): boolean {
  if (init?.type !== 'VariableDeclaration' || init.declarations.length !== 1) return false;
  const [{ id, init: start }] = init.declarations;
  if (id.type !== 'Identifier' || !start || !isNumber(start)) return false;
  const isVar = (n: AnyNode): boolean => n.type === 'Identifier' && n.name === id.name;
  if (
    test?.type !== 'BinaryExpression' ||
    test.operator !== '<' ||
    !isVar(test.left) ||
    !isNumber(test.right)
  )
    return false;
  if (update?.type === 'UpdateExpression') return isVar(update.argument) && update.operator === '++';
  return (
    update?.type === 'AssignmentExpression' &&
    update.operator === '+=' &&
    isVar(update.left) &&
    isNumber(update.right)
  );
}

/** The functions of a source that are kernels, by their names. */
export function kernelTexts(source: string, kernels: readonly string[]): KernelText[] {
  const lines = source.split('\n');
  const { body } = sourceParser()!(source);
  const functions = new Map(body.flatMap((s) => (s.type === 'FunctionDeclaration' ? [[s.id.name, s]] : [])));
  return body.flatMap((s): KernelText[] => {
    if (s.type !== 'FunctionDeclaration' || !s.id || !kernels.includes(s.id.name)) return [];
    const comment: string[] = [];
    for (
      let at = source.slice(0, s.start).split('\n').length - 2;
      at >= 0 && lines[at].startsWith('//');
      at--
    )
      comment.unshift(lines[at]);
    const calls: Record<string, number> = {};
    const indexOperators = new Set<string>();
    const oddLoops: string[] = [];
    let [outermost, loops] = [0, 0];
    const look = (n: AnyNode, parents: readonly AnyNode[]): void => {
      if (n.type === 'ForStatement') {
        loops++;
        if (!parents.some((p) => p.type === 'ForStatement')) outermost++;
        if (!isPlain(n)) oddLoops.push(source.slice(n.start, n.body.start));
      }
      if (n.type === 'CallExpression') {
        const name = source.slice(n.callee.start, n.callee.end);
        // a row that is a function of its own counts where it is called
        const row = name.startsWith(`${s.id.name}Row`) ? functions.get(name) : undefined;
        if (row) visit(row.body, look, parents);
        else calls[name] = (calls[name] ?? 0) + 1;
      }
      const inIndex = parents.some(
        (p, i) => p.type === 'MemberExpression' && p.computed && p.property === [...parents, n][i + 1],
      );
      if (n.type === 'BinaryExpression' && inIndex) indexOperators.add(n.operator);
    };
    visit(s.body, look);
    return [{ name: s.id.name, comment, outermost, loops, oddLoops, calls, indexOperators }];
  });
}
