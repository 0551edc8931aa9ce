// Simplification: rewrite rules, constant folding and the expansion of composites, to a fixed point. In: a graph, and the rules
// that operators bring. Out: an interned graph without composites that computes the same values.
//
// Bottom-up: a node is rewritten once its inputs have their normal form, and what a rule builds is normalised in the same way,
// so each node is visited once. Rules see composites before they are expanded (log of softmax), then one level of composites is
// expanded and the rules run again over what is new, until none is left.

import { InternalError } from './errors.ts';
import { fold } from './fold.ts';
import type { Builders, Folded } from './fold.ts';
import { Interner, makeGraph, reachable, verifyGraph } from './graph.ts';
import type { Graph } from './graph.ts';
import { printType, setOriginSource, withInputs } from './node.ts';
import type { Node } from './node.ts';
import { match, mayMatch } from './rewrite.ts';
import type { Rule, RuleKind } from './rewrite.ts';
import { sameShape } from './shape.ts';

/** One replacement, as it is reported to `trace`; both sides are over simplified inputs. */
export interface RewriteStep {
  readonly rule: string;
  readonly kind: RuleKind;
  readonly before: Node;
  readonly after: Node;
}

export interface SimplifyOptions extends Builders {
  /** Besides those that operators carry themselves (`Op.rules`). */
  readonly rules: readonly Rule[];
  /** Also rules that are true in real arithmetic only. */
  readonly fastMath?: boolean;
  readonly trace?: (step: RewriteStep) => void;
  /** Whether what a pass made is checked, unless false. */
  readonly verify?: boolean;
  /** Told of each node that from now on another one stands for, be it the same over other inputs or what a rule made of it. */
  readonly follow?: (from: Node, to: Node) => void;
}

/** The same graph in fewer and simpler nodes, composites expanded; InternalError if a rule changes a type or never ends. */
export function simplify(graph: Graph, options: SimplifyOptions): Graph {
  const normal = normaliser(options);
  let outputs = graph.outputs.map(normal);
  let nodes = reachable(outputs);
  while (nodes.some(isComposite)) {
    outputs = expandOnce(nodes, outputs, options).map(normal);
    nodes = reachable(outputs);
  }
  const result = { inputs: graph.inputs, outputs, nodes };
  if (options.verify !== false) verifyGraph(result);
  return result;
}

/** Every composite replaced by what it is made of, and nothing else changed. */
export function expandComposites(graph: Graph): Graph {
  let { nodes, outputs } = graph;
  while (nodes.some(isComposite)) {
    outputs = expandOnce(nodes, outputs, {});
    nodes = reachable(outputs);
  }
  return makeGraph(graph.inputs, outputs);
}

const isComposite = (n: Node): boolean => n.op.meaning(n).tag === 'composite';

/** The outputs over a graph in which each composite is opened, but not what comes out of it. */
function expandOnce(
  nodes: readonly Node[],
  outputs: readonly Node[],
  { trace, follow }: Pick<SimplifyOptions, 'trace' | 'follow'>,
): Node[] {
  const done = new Map<Node, Node>();
  for (const n of nodes) {
    const base = over(n, done);
    follow?.(n, base);
    const meaning = base.op.meaning(base);
    if (meaning.tag !== 'composite') done.set(n, base);
    else {
      const rule = `expansion of ${n.op.name}`;
      const after = checkType(rule, base, inPlaceOf(base, meaning.expand));
      trace?.({ rule, kind: 'exact', before: base, after });
      follow?.(base, after);
      done.set(n, after);
    }
  }
  return outputs.map((o) => done.get(o)!);
}

/** A node over the new versions of its inputs. */
function over(n: Node, done: ReadonlyMap<Node, Node>): Node {
  const isNew = n.inputs.some((i) => done.get(i) !== i);
  return isNew
    ? withInputs(
        n,
        n.inputs.map((i) => done.get(i)!),
      )
    : n;
}

/** Runs `make`; what it builds in place of `n` comes from the same line of the user's. */
function inPlaceOf<T>(n: Node, make: () => T): T {
  const restore = setOriginSource(() => n.origin);
  try {
    return make();
  } finally {
    setOriginSource(restore);
  }
}

/** A replacement must have the type of what it replaces. */
function checkType(rule: string, before: Node, after: Node): Node {
  const [old, now] = [before.type, after.type];
  if (old.dtype !== now.dtype || !sameShape(old.shape, now.shape))
    throw new InternalError(`simplify: "${rule}" turns ${printType(old)} into ${printType(now)}`);
  return after;
}

/** A node on the way to its normal form. */
interface Frame {
  readonly node: Node;
  /** The next input to normalise. */
  next: number;
  /** The node over normal inputs, once a rule has replaced it, and that replacement. */
  base: Node | null;
  after: Node | null;
  /** How many rewrites led here one after the other, and the last of them. */
  readonly depth: number;
  readonly rule: string | null;
}

/** Longer chains of rewrites of what a rewrite made are taken for endless. */
const maxDepth = 1000;

/** A function that gives nodes their normal form and remembers it. */
function normaliser(options: SimplifyOptions): (root: Node) => Node {
  const interner = new Interner();
  const rewrite = rewriter(options);
  const { follow } = options;
  const done = new Map<Node, Node>();
  const busy = new Set<Node>();
  const stack: Frame[] = [];
  const enter = (node: Node, depth: number, rule: string | null): void => {
    if (!done.has(node)) stack.push({ node, next: 0, base: null, after: null, depth, rule });
  };
  const endless = (): never => {
    const names = stack.flatMap((f) => (f.rule === null ? [] : [`"${f.rule}"`]));
    throw new InternalError(
      `simplify: rules go round in circles: ${[...new Set(names.slice(-20))].join(', ')}`,
    );
  };
  const finish = (top: Frame, result: Node): void => {
    done.set(top.node, result);
    follow?.(top.node, result);
    if (top.base) done.set(top.base, result);
    if (top.base) busy.delete(top.base);
    stack.pop();
  };
  /** All inputs are normal: the node is as well, unless a rule applies; then its replacement comes first. */
  const settle = (top: Frame): void => {
    const base = interner.intern(over(top.node, done));
    follow?.(top.node, base);
    const known = done.get(base);
    if (known) return finish(top, known);
    if (busy.has(base)) endless();
    const step = rewrite(base);
    top.base = base;
    if (!step) return finish(top, base);
    if (top.depth >= maxDepth) endless();
    top.after = step.after;
    busy.add(base);
    enter(step.after, top.depth + 1, step.rule);
  };
  return (root) => {
    enter(root, 0, null);
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next < top.node.inputs.length) enter(top.node.inputs[top.next++], top.depth, null);
      else if (top.base === null) settle(top);
      else finish(top, done.get(top.after!)!);
    }
    return done.get(root)!;
  };
}

/** A function that makes one step at a node: folding first, then the rules of its operator in their order. */
function rewriter(options: SimplifyOptions): (n: Node) => RewriteStep | null {
  const { fastMath = false, trace } = options;
  const buckets = new Map<string, Rule[]>();
  for (const r of new Set(options.rules)) {
    const bucket = buckets.get(r.pattern[0]);
    if (bucket) bucket.push(r);
    else buckets.set(r.pattern[0], [r]);
  }
  const apply = (n: Node, rules: readonly Rule[] = []): Folded | null => {
    for (const { name, kind, pattern, build } of rules) {
      if (kind === 'fast' && !fastMath) continue;
      const captures = mayMatch(pattern, n) ? match(pattern, n) : null;
      const after = captures && build(captures, n);
      if (after && after !== n) return { rule: name, kind, after };
    }
    return null;
  };
  return (n) => {
    const attempt = (): Folded | null =>
      fold(n, options, fastMath) ?? apply(n, buckets.get(n.op.name)) ?? apply(n, n.op.rules);
    const found = inPlaceOf(n, attempt);
    if (!found) return null;
    checkType(found.rule, n, found.after);
    const step = { ...found, before: n };
    trace?.(step);
    return step;
  };
}
