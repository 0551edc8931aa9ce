// Rewrite rules as data. In: a node. Out: a cheaper or more stable node of the same type, or null. A rule is a pattern in
// nested arrays and a function of what it captured:
//
//   rule('x * 1 = x', 'exact', ['mul', 'x', 1], ({ x }, n) => like(n, x))
//
// A string is a capture (the same name twice must meet the same node), a number is a constant of that value (0 matches only
// +0, and NaN matches NaN), an array is an operator with its inputs. Operators listed as commutative are tried in both orders.

import type { Node } from './node.ts';

/**
 * exact: the same value wherever both sides are defined, NaN, infinities and signed zeros included.
 * stabilising: a better value. fast: equal in real arithmetic only; used under `fastMath`.
 */
export type RuleKind = 'exact' | 'stabilising' | 'fast';

export interface OpPattern extends ReadonlyArray<string | number | OpPattern> {
  readonly 0: string;
}
export type Pattern = string | number | OpPattern;
export type Captures = Readonly<Record<string, Node>>;

export interface Rule {
  readonly name: string;
  readonly kind: RuleKind;
  readonly pattern: OpPattern;
  /** The replacement, or null if a side condition does not hold. */
  readonly build: (captures: Captures, node: Node) => Node | null;
}

export const rule = (name: string, kind: RuleKind, pattern: Rule['pattern'], build: Rule['build']): Rule => ({
  name,
  kind,
  pattern,
  build,
});

const commutative = new Set<string>();
/** Operators whose two inputs may change places; declared by ops/. */
export const declareCommutative = (...names: string[]): void =>
  names.forEach((name) => commutative.add(name));

export const isCommutative = (name: string): boolean => commutative.has(name);

/** The value of a node that is one number everywhere, or null. Looks through views that have no fill. */
export function constantOf(n: Node): number | null {
  const meaning = n.op.meaning(n);
  if (meaning.tag === 'constant') return meaning.value;
  if (meaning.tag === 'view' && (meaning.view.tag === 'reshape' || meaning.view.fill === undefined))
    return constantOf(n.inputs[0]);
  return null;
}

/** False where the operators and numbers right below already tell that a pattern does not match: mostly, and without making anything. */
export function mayMatch(pattern: OpPattern, { op, inputs }: Node): boolean {
  if (op.name !== pattern[0] || inputs.length !== pattern.length - 1) return false;
  if (inputs.length !== 2) return inputs.every((x, i) => hasHead(pattern[i + 1], x));
  const [, p, q] = pattern;
  const [x, y] = inputs;
  return (hasHead(p, x) && hasHead(q, y)) || (commutative.has(op.name) && hasHead(p, y) && hasHead(q, x));
}

const hasHead = (pattern: Pattern, n: Node): boolean =>
  typeof pattern === 'string' ||
  (typeof pattern === 'number' ? Object.is(constantOf(n), pattern) : n.op.name === pattern[0]);

/** What a pattern captures at a node, or null. */
export function match(pattern: Pattern, n: Node, captures: Captures = {}): Captures | null {
  if (typeof pattern === 'string') {
    const bound = captures[pattern];
    if (bound) return bound === n ? captures : null;
    return { ...captures, [pattern]: n };
  }
  if (typeof pattern === 'number') {
    const value = constantOf(n);
    return value !== null && Object.is(value, pattern) ? captures : null;
  }
  const name = pattern[0];
  if (n.op.name !== name || n.inputs.length !== pattern.length - 1) return null;
  const inOrder = matchInputs(pattern, n.inputs, captures);
  if (inOrder || n.inputs.length !== 2 || !commutative.has(name)) return inOrder;
  return matchInputs(pattern, [n.inputs[1], n.inputs[0]], captures);
}

function matchInputs(pattern: OpPattern, inputs: readonly Node[], captures: Captures): Captures | null {
  let found: Captures | null = captures;
  for (let i = 0; i < inputs.length && found; i++) found = match(pattern[i + 1], inputs[i], found);
  return found;
}
