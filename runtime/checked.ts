// Checked mode for rewrites: simplification under supervision (Theano's DebugMode). In: a graph and one array per input. Out: the
// simplified graph; or an InternalError that names the guilty rule with both values and the smallest graph that shows it, as a script.
//
// Every step is evaluated on both sides by the interpreter. An exact step must keep the value, a stabilising one may improve on
// what was NaN or infinite, a fast one may differ there in either direction.

import { isFloat } from '../compiler/dtype.ts';
import { InternalError } from '../compiler/errors.ts';
import { reachable } from '../compiler/graph.ts';
import type { Graph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import { printType } from '../compiler/node.ts';
import type { NumberArray } from '../compiler/op.ts';
import type { RuleKind } from '../compiler/rewrite.ts';
import { simplify } from '../compiler/simplify.ts';
import type { RewriteStep, SimplifyOptions } from '../compiler/simplify.ts';
import { toTypedArray } from './buffer.ts';
import type { TypedArray } from './buffer.ts';
import { evaluateAll } from './interpret.ts';
import { describeOrigin } from './origin.ts';
import { scriptOf } from './script.ts';

/** `simplify`, but every rewrite is held against the interpreter on these inputs. */
export function simplifyChecked(
  graph: Graph,
  inputs: readonly NumberArray[],
  options: SimplifyOptions,
): Graph {
  const values = new Map<Node, TypedArray>();
  graph.inputs.forEach((n, i) => values.set(n, toTypedArray(n.type.dtype, inputs[i])));
  /** What has been rounded to float32 somewhere, whatever its own dtype is. */
  const coarse = new Set(graph.inputs.filter((n) => n.type.dtype === 'float32'));
  const check = ({ rule, kind, before, after }: RewriteStep): void => {
    const nodes = reachable([before, after], (n) => values.has(n));
    for (const n of nodes)
      if (n.type.dtype === 'float32' || n.inputs.some((i) => coarse.has(i))) coarse.add(n);
    evaluateAll(nodes, values);
    const tolerance = coarse.has(before) ? 1e-5 : 1e-11;
    const at = firstDifference(kind, tolerance, before, values.get(before)!, values.get(after)!);
    if (at !== null) throw new InternalError(report(rule, kind, before, after, at, values));
  };
  const trace = (step: RewriteStep): void => {
    check(step);
    options.trace?.(step);
  };
  const simplified = simplify(graph, { ...options, trace });
  graph.outputs.forEach((before, i) =>
    check({
      rule: 'all of simplify',
      kind: options.fastMath ? 'fast' : 'stabilising',
      before,
      after: simplified.outputs[i],
    }),
  );
  return simplified;
}

/** Where two values differ by more than rounding in another order of operations, or null. */
function firstDifference(
  kind: RuleKind,
  tolerance: number,
  n: Node,
  before: TypedArray,
  after: TypedArray,
): number | null {
  let scale = 1;
  for (const value of before) if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value));
  for (let i = 0; i < before.length; i++) {
    const [a, b] = [before[i], after[i]];
    if (Object.is(a, b)) continue;
    if (!isFloat(n.type.dtype)) return i;
    const finite = Number.isFinite(a) && Number.isFinite(b);
    if (finite && Math.abs(a - b) <= tolerance * scale && (kind !== 'exact' || a !== b)) continue;
    if (kind === 'stabilising' && !Number.isFinite(a)) continue;
    if (kind === 'fast' && !finite) continue;
    return i;
  }
  return null;
}

type Values = ReadonlyMap<Node, TypedArray>;

function report(rule: string, kind: RuleKind, before: Node, after: Node, at: number, values: Values): string {
  const show = (n: Node): string => showArray(values.get(n)!, at);
  return [
    `rule "${rule}" (${kind}) changes element ${at} of ${printType(before.type)}: ` +
      `${text(values.get(before)![at])} becomes ${text(values.get(after)![at])}`,
    `before: ${show(before)}`,
    `after:  ${show(after)}`,
    ...(before.origin === null ? [] : [`of ${describeOrigin(before.origin)}`]),
    'to see it again:',
    scriptOf([before], sharedBy(before, after), (n) => values.get(n)!),
  ].join('\n');
}

/** What both sides are over can be taken as given: the smallest graph that shows the rule is what lies above it. */
function sharedBy(before: Node, after: Node): (n: Node) => boolean {
  const left = new Set(reachable([before]));
  const shared = new Set(reachable([after]).filter((n) => n !== before && left.has(n)));
  return (n) => n.inputs.length > 0 && shared.has(n);
}

const text = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/** Up to eight elements, among them the one that matters. */
function showArray(values: TypedArray, at: number): string {
  const from = Math.max(0, Math.min(at - 4, values.length - 8));
  const part = Array.from(values.subarray(from, from + 8), text).join(', ');
  return `[${from > 0 ? '..., ' : ''}${part}${from + 8 < values.length ? ', ...' : ''}]`;
}
