// Rules about how a kernel reaches its memory: arrays are captured, copied into locals, lie at fixed places and are not made anew; the
// text of a kernel is unlike any other. The work is a line of arithmetic for each element, so that reaching memory is most of it.

import type { Tensor } from 'gradloom';
import {
  byHand,
  captured,
  edit,
  emit,
  given,
  line,
  measurePair,
  probeOf,
  unlike,
  warm,
} from '../lib/rule.ts';
import type { Rule } from '../lib/rule.ts';
import type { Probe, Side } from '../lib/workload.ts';

const n = 10_000;
// no powers of two: V8 makes shifts of their divisions
const rows = 250;
const columns = 250;

const scaled = {
  fn: (x: Tensor, y: Tensor) => x.mul(0.5).add(y),
  args: () => [given([n]), given([n], 2)],
};
const broadcast = {
  fn: (x: Tensor, v: Tensor, w: Tensor) => x.mul(v).add(w),
  args: () => [given([rows, columns]), given([columns], 2), given([rows, 1], 3)],
};

const rules: readonly Rule[] = [
  {
    name: 'rule-captured-arrays',
    says: '1: capture arrays, do not pass them',
    ...scaled,
    broken(source) {
      const names = captured(source);
      const passed = names.map((_, i) => `given[${i}]`).join(', ');
      return edit(
        source,
        [/^(function (?!run)\w+)\(\) \{\n.*\n/m, `$1(${names.join(', ')}) {\n`],
        [/^function run\(\)/m, `const given = [${names.map((name) => `buffers.${name}`).join(', ')}];\n$&`],
        [/^( {2}\w+)\(\);$/m, `$1(${passed});`],
      );
    },
  },
  {
    name: 'rule-calls-by-name',
    says: '1: call kernels by name, not from an array',
    // eight kernels of four elements each: no contraction is fused with another
    fn: (x, a) => Array.from({ length: 8 }).reduce((y: Tensor) => y.matmul(a), x),
    args: () => [given([1, 4]), given([4, 4], 2)],
    broken: (source) =>
      edit(
        source,
        [
          /^function run\(\) \{\n([^}]*)\}/m,
          'const kernels = [$1];\nfunction run() {\n  for (let k = 0; k < kernels.length; k++) kernels[k]();\n}',
        ],
        [/\(\);\n(?=[^[]*\];\nfunction run)/g, ',\n'],
      ),
  },
  {
    name: 'rule-local-arrays',
    says: '2: copy captured arrays into locals',
    ...broadcast,
    broken: (source) => edit(source, [/^ {2}const .* = \$.*;\n/m, ''], [/\b(in\d|out\d)\[/g, '$$$1[']),
  },
  {
    name: 'rule-literal-bounds',
    says: '3: literal bounds, not numbers that are passed',
    ...broadcast,
    broken: (source) =>
      edit(
        source,
        [/^(function (?!run)\w+)\(\)/m, '$1(rows, columns)'],
        [/i < 250/, 'i < rows'],
        [/j < 250/, 'j < columns'],
        [/\* 250/g, '* columns'],
        [/^function run\(\)/m, `const sizes = [${rows}, ${columns}];\n$&`],
        [/^( {2}\w+)\(\);$/m, '$1(sizes[0], sizes[1]);'],
      ),
  },
  {
    name: 'rule-row-bases',
    says: '3: nested loops and row bases, not / and %',
    ...broadcast,
    broken: (source) =>
      byHand(
        source,
        `for (let i = 0; i < ${rows * columns}; i++) out0[i] = in0[i] * in1[i % ${columns}] + in2[i / ${columns} | 0];`,
      ),
  },
  {
    name: 'rule-fixed-places',
    says: '3: views at fixed places, not offsets that are passed',
    ...scaled,
    broken(source) {
      const names = captured(source);
      const places = names.map((name) => `buffers.${name}.byteOffset / 4`);
      return edit(
        source,
        [
          /^(function (?!run)\w+)\(\) \{\n.*\n/m,
          `$1(${names.map((name) => `${name}At`).join(', ')}) {\n  const arena = $arena;\n`,
        ],
        [/\b(in\d|out\d)\[/g, 'arena[$1At + '],
        [
          /^function run\(\)/m,
          `const $arena = new Float32Array(buffers.in0.buffer);\nconst places = [${places.join(', ')}];\n$&`,
        ],
        [/^( {2}\w+)\(\);$/m, `$1(${names.map((_, i) => `places[${i}]`).join(', ')});`],
      );
    },
  },
  {
    name: 'rule-reused-memory',
    says: '8: memory that is there, not new memory',
    // A double for each column: 8 MB of scratch. An array made at each call is not a constant to V8 either, which is part of what it costs.
    fn: (x) => x.sum(0),
    args: () => [given([2, 1 << 20])],
    broken: (source) => edit(source, [/sumSum = \$sumSum/, `sumSum = new Float64Array(${1 << 20})`]),
  },
];

/** Four programs of one function, and four linked from one text: the last of each. V8 shares from the third on. */
const uniqueText: Probe = {
  name: 'rule-unique-text',
  probe() {
    const last = (make: () => Side): Side => {
      const sides = Array.from({ length: 4 }, make);
      sides.forEach(warm);
      return sides[3];
    };
    const args = scaled.args();
    const kept = last(() => {
      const { source, link } = emit(scaled.fn, args);
      return link(source);
    });
    const { source, link } = emit(scaled.fn, args);
    const broken = last(() => link(source));
    return line('rule-unique-text', measurePair(kept, broken), '5: a comment makes every text unique');
  },
};

/** The same text over views into the arena, and with arrays of their own where these are so short that V8 keeps them on its heap. */
const smallViews: Probe = {
  name: 'rule-small-views',
  probe() {
    // four sums, in elements of scratch: 32 bytes
    const { source, link } = emit((x: Tensor) => x.sum(0), [given([8192, 4])]);
    const broken = link(unlike(source), (array) => (array.byteLength <= 64 ? array.slice() : array));
    return line(
      'rule-small-views',
      measurePair(link(source), broken),
      '7: views even for the shortest arrays',
    );
  },
};

/** One detached buffer anywhere, and V8 watches all of them from then on: so this runs one after the other. */
const nothingDetached: Probe = {
  name: 'rule-nothing-detached',
  probe() {
    const { source, link } = emit(scaled.fn, scaled.args());
    const [kept, again] = [source, unlike(source)].map((text) => link(text));
    const { kept: before } = measurePair(kept, again);
    const bytes = new ArrayBuffer(64);
    structuredClone(bytes, { transfer: [bytes] });
    const { kept: after } = measurePair(link(unlike(source)), link(unlike(source)));
    const pair = { kept: before, broken: after, ratio: after / before };
    return line('rule-nothing-detached', pair, '6: no array buffer is ever detached (before, after)');
  },
};

const together = (probe: Probe): Probe => ({ ...probe, together: 'arrays' });

export const arrays: readonly Probe[] = [
  ...[...rules.map(probeOf), uniqueText, smallViews].map(together),
  // it spoils its process
  nothingDetached,
];
