// The commonest steps of fusion, without a new analysis. In: the domain of a group, and one more map. Out: whether the domain has taken
// it in; if not, it takes `analyse` to tell.
//
// A map that reads members at its own index runs where they run: it has their axes, and changes neither which axes are rows nor in how
// many passes a row is walked. Over rows, beside finished sums (an optimizer's step after the sum that is a gradient) and before the
// loops (single numbers) alike. A map that reads only memory, and is read by one member at that member's index, runs where its reader
// does (a running average beside the gradient that it takes in). So a chain of n maps costs n steps and not n analyses of up to n members
// each, or as many copies.

import type { GrowingDomain, Place, Span } from './domain.ts';
import type { Node } from './node.ts';
import type { Read } from './reads.ts';
import { meaningOf, operandRead, producersOf } from './reads.ts';

const sameAxes = (a: Span, b: Span): boolean =>
  a.dims.length === b.dims.length &&
  a.dims.every((dim, i) => dim.length === b.dims[i].length && dim.every((axis, k) => axis === b.dims[i][k]));

/**
 * True if reading this memory leaves all axes as they are: at the reader's own index, or through views that split no axis if nobody else
 * reads it, for what two members read ties their axes together.
 */
function isFree(members: readonly Node[], { source, steps }: Read): boolean {
  if (steps.length === 0 || source.type.shape.length === 0) return true;
  return steps.every(({ view }) => view.tag === 'affine') && !members.some((m) => reads(m, source));
}

function reads(n: Node, source: Node): boolean {
  for (let k = 0; k < n.inputs.length; k++) if (operandRead(n, k).source === source) return true;
  return false;
}

/** Views of a single number under which it stays the same number. */
const onlySpreads = ({ steps }: Read): boolean =>
  steps.every(({ view }) => view.tag === 'reshape' || view.fill === undefined);

/** Adds a map that comes after all members; false if the domain is left as it was. */
export function extend(domain: GrowingDomain, n: Node): boolean {
  if (meaningOf(n).tag !== 'map') return false;
  const { spans, sinks } = domain;
  let like: Node | null = null;
  let kind: Place | null = null;
  let pass = 0;
  let afterNumber = false;
  /** What reads only `late` members would not let them wait. */
  let follows = false;
  for (let k = 0; k < n.inputs.length; k++) {
    const read = operandRead(n, k);
    const { source } = read;
    const span = spans.get(source);
    if (span === undefined) {
      if (!isFree(domain.members, read)) return false;
      continue;
    }
    const where = placeIn(domain, source);
    if (where === 'prologue') {
      if (!onlySpreads(read)) return false;
      afterNumber = true;
      continue;
    }
    if (read.steps.length > 0 || (kind !== null && kind !== where)) return false;
    if (span.reduced.length > 0 && !sinks.has(source) && meaningOf(source).tag !== 'contract') return false;
    if (like !== null && !sameAxes(spans.get(like) as Span, span)) return false;
    like ??= source;
    kind = where;
    follows ||= !domain.late.has(source);
    if (where !== 'tail') pass = Math.max(pass, domain.pass.get(source) as number);
  }
  if (like === null) {
    if (!afterNumber || n.type.shape.some((size) => size !== 1)) return false;
    return add(
      domain,
      n,
      n.type.shape.map(() => []),
      'prologue',
    );
  }
  const { dims } = spans.get(like) as Span;
  if (kind === 'tail') return follows && add(domain, n, dims, 'tail');
  const place: Place = dims.flat().every((a) => domain.rows.includes(a)) ? 'row' : 'inner';
  // another place or pass than that of its producer may need a loop of its own
  if (place !== kind || pass !== domain.pass.get(like)) return false;
  return add(domain, n, dims, place, pass);
}

/** Adds a map that reads nothing of the group, and that only its last member reads; false if the domain is left as it was. */
export function extendBefore(domain: GrowingDomain, n: Node, positionOf: (member: Node) => number): boolean {
  const { members, spans, rows } = domain;
  const reader = members[members.length - 1];
  const place = domain.place.get(reader) as Place;
  if (meaningOf(n).tag !== 'map' || meaningOf(reader).tag !== 'map' || n.type.shape.length === 0)
    return false;
  if (place === 'prologue' || (place !== 'tail' && domain.passes > 0)) return false;
  for (let k = 0; k < n.inputs.length; k++) {
    const read = operandRead(n, k);
    if (spans.has(read.source) || !isFree(members, read)) return false;
  }
  for (let k = 0; k < reader.inputs.length; k++) {
    const { source, steps } = operandRead(reader, k);
    if (source === n && steps.length > 0) return false;
  }
  if (members.some((m) => producersOf(m).includes(n) !== (m === reader))) return false;
  const { dims, iter } = spans.get(reader) as Span;
  // it may become the first of the largest members, whose axes give rows their order
  if (place !== 'tail' && rows.some((a, i) => iter[i] !== a)) return false;
  let at = members.length - 1;
  while (at > 0 && positionOf(members[at - 1]) > positionOf(n)) at--;
  if (place === 'tail') domain.late.add(n);
  return add(domain, n, dims, place, 0, at);
}

/** Where the value of a member can be read: sums over rows where the tails are. */
const placeIn = (domain: GrowingDomain, n: Node): Place =>
  domain.sinks.has(n) ? 'tail' : (domain.place.get(n) as Place);

function add(
  domain: GrowingDomain,
  n: Node,
  dims: Span['dims'],
  place: Place,
  pass = 0,
  at = domain.members.length,
): true {
  domain.members.splice(at, 0, n);
  domain.spans.set(n, { dims, operand: new Map(), iter: dims.flat(), reduced: [] });
  domain.place.set(n, place);
  if (place === 'row' || place === 'inner') domain.pass.set(n, pass);
  return true;
}
