// Einstein summation. In: an equation such as 'bij,bjk->bik' and its operands. Out: one node, expanded into contractions from left to
// right. '...' stands for any leading dimensions, which broadcast; a subscript twice in one operand takes its diagonal; without an
// arrow the result has the subscripts that occur once, in alphabetical order.

import { ShapeError, ValueError } from '../compiler/errors.ts';
import type { Node, TensorType } from '../compiler/node.ts';
import { node } from '../compiler/node.ts';
import { defineOp } from '../compiler/op.ts';
import { arrange, contract, sameNumbers } from './contract.ts';

/** Subscripts are letters' codes; the dimensions of an ellipsis are -1, -2, ... from the right. */
interface EinsumAttrs {
  readonly operands: readonly (readonly number[])[];
  readonly out: readonly number[];
}

const letter = (label: number): string => (label < 0 ? '...' : String.fromCodePoint(label));

function labelSizes(inputs: readonly TensorType[], operands: EinsumAttrs['operands']): Map<number, number> {
  const sizes = new Map<number, number>();
  operands.forEach((labels, k) => {
    const own = new Map<number, number>();
    labels.forEach((label, i) => {
      const size = inputs[k].shape[i];
      const twin = own.get(label);
      if (twin !== undefined && twin !== size)
        throw new ShapeError(
          `einsum(): subscript ${letter(label)} is repeated for operand ${k} but the sizes don't match, ${size} != ${twin}`,
        );
      own.set(label, size);
    });
    for (const [label, size] of own) {
      const known = sizes.get(label) ?? 1;
      if (known !== 1 && size !== 1 && known !== size)
        throw new ShapeError(
          `einsum(): subscript ${letter(label)} has size ${size} for operand ${k} which does not broadcast with previously seen size ${known}`,
        );
      sizes.set(label, known === 1 ? size : known);
    }
  });
  return sizes;
}

const einsumOp = defineOp<EinsumAttrs>({
  name: 'einsum',
  type(inputs, { operands, out }) {
    const sizes = labelSizes(inputs, operands);
    inputs.slice(1).forEach((x) => sameNumbers(inputs[0], x, 'baddbmm_cpu'));
    return { shape: out.map((label) => sizes.get(label) ?? 1), dtype: inputs[0].dtype };
  },
  meaning: (n) => ({ tag: 'composite', expand: () => expandEinsum(n) }),
  gradName({ attrs: { operands, out } }) {
    const last = operands[operands.length - 1];
    const sums = last.some((label) => !out.includes(label));
    if (operands.length === 1) return sums ? 'SumBackward1' : 'PermuteBackward0';
    return sums ? 'ViewBackward0' : 'MulBackward0';
  },
  saves: ({ attrs: { operands } }) =>
    operands.length === 1 ? {} : Object.fromEntries(operands.map((_, k) => [`operand${k}`, k])),
});

function expandEinsum({ inputs, attrs: { operands, out } }: Node<EinsumAttrs>): Node {
  const needed = (from: number): Set<number> => new Set([...out, ...operands.slice(from).flat()]);
  const single = (k: number): readonly number[] => [...new Set(operands[k])];
  const take = (k: number): Node => arrange(inputs[k], operands[k], single(k));
  let result = take(0);
  let labels = single(0);
  for (let k = 1; k < inputs.length; k++) {
    const rest = needed(k + 1);
    const kept =
      k + 1 === inputs.length ? out : [...new Set([...labels, ...single(k)])].filter((l) => rest.has(l));
    result = contract(result, take(k), { a: labels, b: single(k), out: kept });
    labels = kept;
  }
  return arrange(result, labels, out);
}

/** One side of a comma: letters, and where an ellipsis stands. */
function parseTerm(term: string, at: number): { readonly letters: number[]; readonly ellipsis: number } {
  const letters: number[] = [];
  let ellipsis = -1;
  for (let i = 0; i < term.length; i++) {
    const c = term[i];
    if (c === ' ') continue;
    if (c === '.') {
      if (ellipsis >= 0 || term.slice(i, i + 3) !== '...')
        throw new ValueError(
          `einsum(): found '.' for operand ${at} that is not part of any ellipsis, or more than one ellipsis`,
        );
      ellipsis = letters.length;
      i += 2;
    } else if (/[a-zA-Z]/.test(c)) letters.push(c.codePointAt(0)!);
    else
      throw new ValueError(
        `einsum(): invalid subscript given at index ${i} in the equation string, subscripts must be in [a-zA-Z]`,
      );
  }
  return { letters, ellipsis };
}

function parseEquation(equation: string, ranks: readonly number[]): EinsumAttrs {
  const [left, right, ...more] = equation.split('->');
  if (more.length > 0) throw new ValueError('einsum(): more than one arrow in the equation string');
  const terms = left.split(',').map(parseTerm);
  if (terms.length !== ranks.length)
    throw new ValueError(
      `einsum(): ${terms.length < ranks.length ? 'more' : 'fewer'} operands were provided than specified in the equation`,
    );
  const dots = terms.map(({ letters, ellipsis }, k) => {
    const extra = ranks[k] - letters.length;
    if (ellipsis < 0 ? extra !== 0 : extra < 0)
      throw new ShapeError(
        `einsum(): the number of subscripts in the equation (${letters.length}) ${ellipsis < 0 ? 'does not match' : 'is more than'} the number of dimensions (${ranks[k]}) for operand ${k}${ellipsis < 0 ? ' and no ellipsis was given' : ''}`,
      );
    return extra;
  });
  const covered = (count: number): number[] => Array.from({ length: count }, (_, i) => i - count);
  const insert = (letters: readonly number[], ellipsis: number, count: number): number[] =>
    ellipsis < 0
      ? [...letters]
      : [...letters.slice(0, ellipsis), ...covered(count), ...letters.slice(ellipsis)];
  const operands = terms.map(({ letters, ellipsis }, k) => insert(letters, ellipsis, dots[k]));
  const widest = Math.max(0, ...dots.filter((_, k) => terms[k].ellipsis >= 0));
  const all = terms.flatMap((term) => term.letters);
  if (right === undefined) {
    const once = [...new Set(all)].filter((l) => all.indexOf(l) === all.lastIndexOf(l)).sort((a, b) => a - b);
    return { operands, out: [...covered(widest), ...once] };
  }
  const { letters, ellipsis } = parseTerm(right, ranks.length);
  letters.forEach((label, i) => {
    if (letters.indexOf(label) !== i)
      throw new ValueError(
        `einsum(): output subscript ${letter(label)} appears more than once in the output`,
      );
    if (!all.includes(label))
      throw new ValueError(
        `einsum(): output subscript ${letter(label)} does not appear in the equation for any input operand`,
      );
  });
  return { operands, out: insert(letters, ellipsis, widest) };
}

/** The sum of products that an equation describes: `einsum('ik,kj->ij', a, b)` is a matrix product. */
export function einsum(equation: string, ...operands: readonly Node[]): Node {
  if (operands.length === 0) throw new ValueError('einsum(): must provide at least one operand');
  const attrs = parseEquation(
    equation,
    operands.map((x) => x.type.shape.length),
  );
  return node(einsumOp, operands, attrs);
}
