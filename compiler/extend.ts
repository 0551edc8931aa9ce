// The commonest step of fusion, without a new analysis. In: the domain of a group, and one more node that computes elementwise what the
// group has at hand. Out: whether the domain has taken it in; if not, it takes `analyse` to tell.
//
// A map that reads members at its own index runs where they run: it has their axes, and changes neither which axes are rows nor in how
// many passes a row is walked. So a chain of n maps costs n steps and not n analyses of up to n members each, or as many copies.

import type { GrowingDomain, Place, Span } from './domain.ts';
import type { Node } from './node.ts';
import { meaningOf, operandRead } from './reads.ts';

const sameAxes = (a: Span, b: Span): boolean =>
  a.dims.length === b.dims.length &&
  a.dims.every((dim, i) => dim.length === b.dims[i].length && dim.every((axis, k) => axis === b.dims[i][k]));

/** Adds a node that comes after all members; false if the domain is left as it was. */
export function extend(domain: GrowingDomain, n: Node): boolean {
  if (meaningOf(n).tag !== 'map' || n.type.shape.length === 0) return false;
  let like: Node | null = null;
  let pass = 0;
  for (let k = 0; k < n.inputs.length; k++) {
    const { source, steps } = operandRead(n, k);
    const span = domain.spans.get(source);
    if (span === undefined) {
      // what lies in memory may be read at the same index; through a view it may tie axes together
      if (steps.length > 0 && source.type.shape.length > 0) return false;
      continue;
    }
    const place = domain.place.get(source);
    if (steps.length > 0 || domain.sinks.has(source) || (place !== 'row' && place !== 'inner')) return false;
    if (span.reduced.length > 0 && meaningOf(source).tag !== 'contract') return false;
    if (like !== null && !sameAxes(domain.spans.get(like) as Span, span)) return false;
    like ??= source;
    pass = Math.max(pass, domain.pass.get(source) as number);
  }
  if (like === null) return false;
  const { dims } = domain.spans.get(like) as Span;
  const iter = dims.flat();
  const place: Place = iter.every((a) => domain.rows.includes(a)) ? 'row' : 'inner';
  // another place or pass than that of its producer may need a loop of its own
  if (place !== domain.place.get(like) || pass !== domain.pass.get(like)) return false;
  domain.members.push(n);
  domain.spans.set(n, { dims, operand: new Map(), iter, reduced: [] });
  domain.place.set(n, place);
  domain.pass.set(n, pass);
  return true;
}
