// Profiles: times, the machine's roof, and advice. Nothing here depends on how fast this machine is.

import test from 'ava';
import { compile, ones, randn } from '../index.ts';
import type { Profile, Program, Tensor } from '../index.ts';
import { advise } from '../runtime/advice.ts';
import { profileOf, roofOver } from '../runtime/profile.ts';
import { leastTime, roof } from '../runtime/roof.ts';
import type { Roof } from '../runtime/roof.ts';

type Fn = (...args: Tensor[]) => unknown;
const programOf = (fn: Fn, ...args: Tensor[]): Program => compile(fn).lower(...args);
const speeds = { cache: 1e9, memory: 1e8 };
/** A thousand bytes in a microsecond where they are near, ten of them where not. */
const slow: Roof = { flops: 1e9, float32: speeds, float64: speeds };

test('a kernel needs at least the time of its memory or of its arithmetic', (t) => {
  t.deepEqual(leastTime(slow, { bytes: 1000, wideBytes: 0, flops: 500 }), { time: 0.001, bound: 'memory' });
  t.deepEqual(leastTime(slow, { bytes: 100, wideBytes: 100, flops: 4000 }), {
    time: 0.004,
    bound: 'arithmetic',
  });
  t.is(leastTime(slow, { bytes: 1e8, wideBytes: 5e7, flops: 0 }).time, 1000);
});

test.serial('the roof of this machine is measured once', (t) => {
  const first = roof();
  t.is(roof(), first);
  for (const speed of [first.flops, ...Object.values(first.float32), ...Object.values(first.float64)])
    t.true(speed > 1e6 && speed < 1e13, String(speed));
});

test('what is faster than the roof has it measured again, and is at the roof, never above', (t) => {
  const before = roof();
  const kernel = programOf((x) => x.exp(), ones([8])).kernels[0];
  const works = [{ bytes: 1e9, wideBytes: 0, flops: 1 }];
  t.is(roofOver(works, [1e9]), before);
  const raised = roofOver(works, [1e-3]);
  t.not(raised, before);
  t.is(roof(), raised);
  t.true(raised.flops >= before.flops && raised.float32.memory >= before.float32.memory);
  const { ofRoof, leastTime: least } = profileOf(kernel, 1e-3, 1, leastTime(raised, works[0]));
  t.deepEqual([ofRoof, least], [1, 1e-3]);
});

const profiled = (fn: Fn, ...args: Tensor[]): Profile => programOf(fn, ...args).profile(args, { runs: 5 });

test('a profile has a row per kernel, with its distance to the roof and the user’s lines', (t) => {
  const [x, w] = [randn([32, 16]), randn([16, 8])];
  const profile = profiled((a, b) => a.matmul(b).tanh().cumsum(0).exp(), x, w);
  t.true(profile.kernels.length > 1);
  for (const k of profile.kernels) {
    t.true(k.leastTime > 0 && k.ofRoof > 0 && k.ofRoof <= 1);
    t.true(k.origins.every((o) => o.file.endsWith('profile.test.ts')));
  }
  const lines = String(profile).split('\n');
  t.regex(lines[1], /^kernel +share +time +Gflop\/s +GB\/s +of roof +bound by +lines$/);
  const rows = lines.slice(2, 2 + profile.kernels.length);
  t.deepEqual(rows.map((row) => row.split(' ')[0]).sort(), profile.kernels.map((k) => k.name).sort());
  t.true(rows.every((row) => /profile\.test\.ts:\d+$/.test(row)));
  t.regex(lines[2 + profile.kernels.length], /^roof: [\d.]+ Gflop\/s; float32 [\d.]+ GB\/s/);
});

test('profiles are plain data', (t) => {
  const profile = profiled((a) => a.exp(), ones([8]));
  t.deepEqual(JSON.parse(JSON.stringify(profile)), { ...profile });
});

/** Advice as if each kernel took a millisecond. */
const adviceFor = (program: Program): readonly string[] =>
  advise(
    program,
    program.kernels.map((k) => ({
      ...{ name: k.name, bytes: k.bytes, flops: k.flops, origins: k.origins },
      ...{ time: 1, share: 1 / program.kernels.length, leastTime: 1, bound: 'memory', ofRoof: 1 },
    })),
    slow,
  ).map((a) => `${a.kind}: ${a.text}`);

test('a refused merge that moves much memory is pointed out, with the reason', (t) => {
  const advice = adviceFor(programOf((x) => x.sin().cumsum(0).exp(), randn([400, 300])));
  t.true(
    advice.some((a) => /^fusion: \w+ exp .* reads \w+ cumsum .*: .+; 480000 bytes are written/.test(a)),
    advice.join('\n'),
  );
});

test('float64 is pointed out where it makes up most of the memory', (t) => {
  const wide = adviceFor(programOf((x) => x.exp(), ones([500], { dtype: 'float64' })));
  t.deepEqual(wide, ['dtype: 100% of the memory that it moves is float64; float32 is half of that']);
  t.deepEqual(adviceFor(programOf((x) => x.exp(), ones([500]))), []);
});

test('a matrix that is read across its rows is pointed out', (t) => {
  const across = adviceFor(programOf((x, y) => x.t().add(y), randn([64, 128]), randn([128, 64])));
  t.deepEqual(across, [
    'layout: reads in0 in steps of 128 elements; laid the other way round it would be read in order',
  ]);
  t.deepEqual(adviceFor(programOf((x, y) => x.add(y), randn([64, 128]), randn([64, 128]))), []);
});
