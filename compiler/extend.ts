// The commonest steps of fusion, without a new analysis. In: the domain of a group, and one more map. Out: whether the domain has taken
// it in; if not, it takes `analyse` to tell.
//
// A map that reads members at its own index runs where they run: it has their axes, and changes neither which axes are rows nor in how
// many passes a row is walked. Over rows, beside finished sums (an optimizer's step after the sum that is a gradient) and before the
// loops (single numbers) alike. A map that reads only memory, and is read by one member at that member's index, runs where its reader
// does (a running average beside the gradient that it takes in). So a chain of n maps costs n steps and not n analyses of up to n members
// each, or as many copies.

import { productOf } from './domain.ts';
import type { GrowingDomain, Span } from './domain.ts';
import type { Moment } from './moment.ts';
import type { Node } from './node.ts';
import type { Read } from './reads.ts';
import { meaningOf, operandRead, producersOf } from './reads.ts';
import { numel } from './shape.ts';

type Dims = Span['dims'];
const sameAxes = (a: Dims, b: Dims): boolean =>
  a.length === b.length &&
  a.every((dim, i) => dim.length === b[i].length && dim.every((axis, k) => axis === b[i][k]));

/**
 * True if a map with these axes may read this memory, and all axes stay as they are. What two members read ties their axes together: it is
 * read at the reader's own index, by others with the same axes; or through views that split no axis, by nobody else.
 */
function isFree({ members, spans }: GrowingDomain, mine: Dims, { source, steps }: Read): boolean {
  if (source.type.shape.length === 0) return true;
  if (!steps.every(({ view }) => view.tag === 'affine')) return false;
  return members.every((m) => {
    for (let k = 0; k < m.inputs.length; k++) {
      const other = operandRead(m, k);
      if (other.source !== source) continue;
      if (steps.length > 0 || other.steps.length > 0 || meaningOf(m).tag !== 'map') return false;
      if (!sameAxes((spans.get(m) as Span).dims, mine)) return false;
    }
    return true;
  });
}

/** Views of a single number under which it stays the same number. */
const onlySpreads = ({ steps }: Read): boolean =>
  steps.every(({ view }) => view.tag === 'reshape' || view.fill === undefined);

/** Adds a map that comes after all members; false if the domain is left as it was. */
export function extend(domain: GrowingDomain, n: Node): boolean {
  if (meaningOf(n).tag !== 'map') return false;
  const { spans, sinks } = domain;
  const inMemory: Read[] = [];
  let like: Node | null = null;
  let kind: Moment | null = null;
  let pass = 0;
  let afterNumber = false;
  /** What reads only `late` members would not let them wait. */
  let follows = false;
  for (let k = 0; k < n.inputs.length; k++) {
    const read = operandRead(n, k);
    const { source } = read;
    const span = spans.get(source);
    if (span === undefined) {
      inMemory.push(read);
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
    if (like !== null && !sameAxes((spans.get(like) as Span).dims, span.dims)) return false;
    like ??= source;
    kind = where;
    follows ||= !domain.late.has(source);
    if (where !== 'tail') pass = Math.max(pass, domain.pass.get(source) as number);
  }
  if (like === null && (!afterNumber || numel(n.type.shape) !== 1)) return false;
  const dims = like === null ? n.type.shape.map(() => []) : (spans.get(like) as Span).dims;
  if (!inMemory.every((read) => isFree(domain, dims, read))) return false;
  if (like === null) return add(domain, n, dims, 'prologue');
  if (kind === 'tail') return follows && add(domain, n, dims, 'tail');
  const place: Moment = dims.flat().every((a) => domain.rows.includes(a)) ? 'row' : 'inner';
  // a new reader changes what may be delayed (delay.ts)
  if (domain.passes > 1) return false;
  // another place or pass than that of its producer may need a loop of its own
  if (place !== kind || pass !== domain.pass.get(like)) return false;
  return add(domain, n, dims, place, pass);
}

/** Adds a map that reads nothing of the group, and that only its last member reads; false if the domain is left as it was. */
export function extendBefore(domain: GrowingDomain, n: Node, positionOf: (member: Node) => number): boolean {
  const { members, spans, rows } = domain;
  const reader = members[members.length - 1];
  const place = domain.place.get(reader) as Moment;
  if (meaningOf(n).tag !== 'map' || meaningOf(reader).tag !== 'map' || numel(n.type.shape) === 1)
    return false;
  const { dims, iter } = spans.get(reader) as Span;
  if (place === 'prologue' || (place !== 'tail' && domain.passes > 0)) return false;
  for (let k = 0; k < n.inputs.length; k++) {
    const read = operandRead(n, k);
    if (spans.has(read.source) || !isFree(domain, dims, read)) return false;
  }
  for (let k = 0; k < reader.inputs.length; k++) {
    const { source, steps } = operandRead(reader, k);
    if (source === n && steps.length > 0) return false;
  }
  if (members.some((m) => producersOf(m).includes(n) !== (m === reader))) return false;
  let at = members.length - 1;
  while (at > 0 && positionOf(members[at - 1]) > positionOf(n)) at--;
  // the axes of the first of the largest members give rows their order
  const size = productOf(iter);
  const leads = members.every((m, i) => {
    const other = productOf((spans.get(m) as Span).iter);
    return i < at ? other < size : other <= size;
  });
  if (leads && rows.some((a, i) => iter[i] !== a)) return false;
  if (place === 'tail') domain.late.add(n);
  return add(domain, n, dims, place, 0, at);
}

/** Where the value of a member can be read: sums over rows where the tails are. */
const placeIn = (domain: GrowingDomain, n: Node): Moment =>
  domain.sinks.has(n) ? 'tail' : (domain.place.get(n) as Moment);

function add(
  domain: GrowingDomain,
  n: Node,
  dims: Dims,
  place: Moment,
  pass = 0,
  at = domain.members.length,
): true {
  domain.members.splice(at, 0, n);
  domain.spans.set(n, { dims, operand: new Map(), iter: dims.flat(), reduced: [] });
  domain.place.set(n, place);
  if (place === 'row' || place === 'inner') domain.pass.set(n, pass);
  return true;
}
