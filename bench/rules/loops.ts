// Rules about the arithmetic of a loop over elements: what is computed where, in which precision, and when a loop is written out or cut.

import type { Tensor } from 'gradloom';
import { cat } from 'gradloom';
import { each } from '../lib/hand.ts';
import { byHand, edit, given } from '../lib/rule.ts';
import type { Rule } from '../lib/rule.ts';

const n = 10_000;
const chain = {
  fn: (x: Tensor, y: Tensor) => x.mul(y).add(1).mul(x).sub(y),
  args: () => [given([n]), given([n], 2)],
};

const squares = (columns: number) => ({
  fn: (x: Tensor) => x.mul(x).sum(1),
  args: () => [given([n, columns])],
});

/** One step of a Runge-Kutta method for the Lorenz equations, whose state is three scalars. */
function lorenz(x: Tensor, y: Tensor, z: Tensor): readonly Tensor[] {
  const slope = ([a, b, c]: readonly Tensor[]): readonly Tensor[] => [
    b.sub(a).mul(10),
    a.mul(c.neg().add(28)).sub(b),
    a.mul(b).sub(c.mul(8 / 3)),
  ];
  const start = [x, y, z];
  const along = (k: readonly Tensor[], h: number): readonly Tensor[] =>
    start.map((v, i) => v.add(k[i].mul(h)));
  const k1 = slope(start);
  const k2 = slope(along(k1, 0.0025));
  const k3 = slope(along(k2, 0.0025));
  const k4 = slope(along(k3, 0.005));
  return start.map((v, i) =>
    v.add(
      k1[i]
        .add(k2[i].add(k3[i]).mul(2))
        .add(k4[i])
        .mul(0.005 / 6),
    ),
  );
}

/** Each local value of the kernel as an element of an array. */
function inCells(source: string): string {
  const start = source.search(/^function (?!run)/m);
  const end = source.indexOf('\n}', start);
  const kernel = source.slice(start, end);
  const names = [...kernel.matchAll(/^ {2}const (\w+) = [^$]*;$/gm)].map(([, name]) => name);
  if (names.length === 0) throw new Error(`the source has no local values:\n${source}`);
  const body = names.reduce(
    (text, name, i) =>
      text.replace(`const ${name} =`, `${name} =`).replace(new RegExp(`\\b${name}\\b`, 'g'), `cells[${i}]`),
    kernel,
  );
  return [
    source.slice(0, start),
    `const $cells = new Float64Array(${names.length + 16});\n`,
    edit(body, [/^.*\n/, '$&  const cells = $$cells;\n']),
    source.slice(end),
  ].join('');
}

export const loops: readonly Rule[] = [
  {
    name: 'rule-double-locals',
    says: '4: compute in doubles, round in the store',
    ...chain,
    broken: (source) =>
      byHand(
        source,
        `const round = Math.fround;
         for (let i = 0; i < ${n}; i++) {
           const x = in0[i], y = in1[i];
           out0[i] = round(round(round(round(x * y) + 1) * x) - y);
         }`,
      ),
    tolerance: 1e-5,
  },
  {
    name: 'rule-fused-chain',
    says: 'fusion: one loop for a chain of maps, not one each',
    ...chain,
    broken: (source) =>
      byHand(
        source,
        'first(); second(); third(); fourth();',
        ['first', 'second', 'third', 'fourth']
          .map((name, k) => {
            const [to, value] = [
              ['a', 'in0[i] * in1[i]'],
              ['b', 'a[i] + 1'],
              ['a', 'b[i] * in0[i]'],
              ['out0', 'a[i] - in1[i]'],
            ][k];
            return `function ${name}() {
              const in0 = $in0, in1 = $in1, out0 = $out0, a = $a, b = $b;
              for (let i = 0; i < ${n}; i++) ${to}[i] = ${value};
            }`;
          })
          .join('\n') + `\nconst $a = new Float32Array(${n}), $b = new Float32Array(${n});`,
      ),
    tolerance: 1e-5,
  },
  {
    name: 'rule-flat-loops',
    says: '9: do not unroll flat loops (by 4)',
    ...chain,
    broken: (source) =>
      byHand(
        source,
        `for (let i = 0; i < ${n}; i += 4) {
           ${each(4, (k) => `const x${k} = in0[i + ${k}], y${k} = in1[i + ${k}];`)}
           ${each(4, (k) => `out0[i + ${k}] = (x${k} * y${k} + 1) * x${k} - y${k};`)}
         }`,
      ),
  },
  ...[4, 8, 16].map((columns): Rule => ({
    name: `rule-unroll-${columns}`,
    says: `10, limits.unrolled: a sum of ${columns} is written out`,
    ...squares(columns),
    broken: (source) =>
      byHand(
        source,
        `for (let i = 0; i < ${n}; i++) {
           let sum = 0;
           const base = i * ${columns};
           for (let j = 0; j < ${columns}; j++) { const x = in0[base + j]; sum += x * x; }
           out0[i] = sum;
         }`,
      ),
  })),
  {
    name: 'rule-unroll-calls',
    says: 'limits.unrolledCalls: a loop of ten exp, not ten in a row',
    fn: (x) => x.softmax(1),
    args: () => [given([4000, 10])],
    broken: (source) =>
      byHand(
        source,
        `for (let i = 0; i < 4000; i++) {
           const base = i * 10;
           ${each(10, (k) => `const x${k} = in0[base + ${k}];`)}
           let max = x0;
           ${each(9, (k) => `max = maxOf(x${k + 1}, max);`)}
           ${each(10, (k) => `const e${k} = exp32(x${k} - max);`)}
           const inverse = 1 / (${each(10, (k) => `e${k}`, ' + ')});
           ${each(10, (k) => `out0[base + ${k}] = e${k} * inverse;`)}
         }`,
      ),
  },
  {
    name: 'rule-locals-first',
    says: '10: products of 4 x 4 load each element once',
    fn: (x, y) => x.matmul(y),
    args: () => [given([1000, 4, 4]), given([1000, 4, 4], 2)],
    broken: (source) =>
      byHand(
        source,
        `for (let i = 0; i < 1000; i++) {
           const base = i * 16;
           for (let j = 0; j < 4; j++) {
             const row = base + j * 4;
             for (let k = 0; k < 4; k++) {
               let sum = 0;
               ${each(4, (l) => `sum += in0[row + ${l}] * in1[base + k + ${l * 4}];`)}
               out0[row + k] = sum;
             }
           }
         }`,
      ),
  },
  {
    name: 'rule-scalars-in-locals',
    says: '10: scalars are local variables, not elements',
    fn: lorenz,
    args: () => [1, 2, 3].map((seed) => given([], seed)),
    broken: inCells,
  },
  {
    name: 'rule-guards-cut',
    says: 'segments: cut a loop where its tests change',
    fn: (x, y) => cat([x, y], 1).mul(2).add(1),
    args: () => [given([400, 100]), given([400, 60], 2)],
    broken: (source) =>
      byHand(
        source,
        `for (let i = 0; i < 400; i++) {
           const base = i * 160, base2 = i * 100, base3 = i * 60;
           for (let j = 0; j < 160; j++)
             out0[base + j] = (j < 100 ? in0[base2 + j] : in1[base3 + j - 100]) * 2 + 1;
         }`,
      ),
  },
];
