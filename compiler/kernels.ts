// Kernels from groups. In: groups, and the buffers of their values. Out: for each group its nest as lowered and as scheduled. Groups that
// are alike (alike.ts) are lowered and scheduled once; the others are the same statements over other memory.

import { describeGroup, distances } from './alike.ts';
import type { Window } from './alike.ts';
import type { Group, Grouping } from './group.ts';
import { lower, nameOf } from './lower.ts';
import type { ProgramContext } from './lower.ts';
import type { Names } from './names.ts';
import { scratchName } from './names.ts';
import type { Buffer, Expr, Kernel, Stmt } from './nest.ts';
import { mapStmt } from './nest.ts';
import type { Node } from './node.ts';
import { meaningOf } from './reads.ts';
import { hoist, namesOf, schedule } from './schedule.ts';

/** A group as loops. */
export interface Lowered {
  /** As lowered, before loops were chosen. */
  readonly nest: Kernel;
  readonly kernel: Kernel;
  /** The kernel as it is printed. Only after the plan: that compares whole indices, and this names parts of them. */
  readonly finish: () => Kernel;
}

export interface KernelRequest {
  readonly grouping: Grouping;
  readonly bufferOf: ProgramContext['bufferOf'];
  /** Those of the program: kernels and their scratch get names that nothing else has. */
  readonly names: Names;
}

/** The first of some groups that are alike. */
interface Model extends Lowered {
  readonly windows: readonly Window[];
}

export function makeKernels({ grouping, bufferOf, names }: KernelRequest): readonly Lowered[] {
  const unique = (base: string): string => names.fresh(base);
  const context: ProgramContext = { bufferOf, inlined: grouping.inlined, taken: names, uniqueName: unique };
  const fromGroup = (g: Group): Lowered => {
    const nest = lower(g, context);
    const kernel = schedule(nest, names, unique);
    let finished: Kernel | null = null;
    return { nest, kernel, finish: () => (finished ??= hoist(kernel, names)) };
  };
  const signatures = grouping.groups.map(signature);
  const repeated = findRepeated(signatures);
  const models = new Map<string, Model>();
  return grouping.groups.map((g, i) => {
    const like = repeated.has(signatures[i]) ? describeGroup(g, bufferOf, grouping.inlined) : null;
    const model = like && models.get(like.text);
    const moved = model && distances(model.windows, like.windows);
    if (model && moved) return overOther(model, moved, nameOf(g), names);
    const lowered = fromGroup(g);
    if (like) models.set(like.text, { ...lowered, windows: like.windows });
    return lowered;
  });
}

/** What is cheap to compare, operations, shapes and numbers: most groups have no like. */
const signature = ({ domain }: Group): string =>
  domain.members
    .map(({ op, type, inputs }) => `${op.name} ${type.shape.join()}${inputs.map(numberIn).join()}`)
    .join(';');
const numberIn = (n: Node): string => {
  const meaning = meaningOf(n);
  return meaning.tag === 'constant' ? String(meaning.value) : '';
};

function findRepeated(texts: readonly string[]): ReadonlySet<string> {
  const once = new Set<string>();
  const repeated = new Set<string>();
  for (const text of texts) (once.has(text) ? repeated : once).add(text);
  return repeated;
}

/** The same kernel over other memory, with a name and scratch of its own; its statements are made when they are asked for. */
function overOther(model: Model, moved: ReadonlyMap<Buffer, Window>, base: string, names: Names): Lowered {
  const locals = namesOf(model.kernel, names);
  const fresh = (word: string): string => scratchName(word, locals, (w) => names.fresh(w));
  const name = fresh(base);
  const windows = new Map(moved);
  for (const b of model.kernel.scratch)
    windows.set(b, { buffer: { ...b, name: fresh(b.name.replace(/\d+$/, '')) }, start: 0 });
  const rows = new Map<string, string>();
  const other = (b: Buffer): Buffer => windows.get(b)?.buffer ?? b;
  const load = (e: Expr): Expr => {
    if (e.tag !== 'load') return e;
    const { buffer, start } = windows.get(e.buffer) ?? { buffer: e.buffer, start: 0 };
    return { ...e, buffer, index: start === 0 ? e.index : { ...e.index, offset: e.index.offset + start } };
  };
  const stmt = (s: Stmt): Stmt => {
    switch (s.tag) {
      case 'store':
        return { ...s, buffer: other(s.buffer) };
      case 'loop': {
        if (s.apart !== undefined && !rows.has(s.apart)) rows.set(s.apart, fresh(`${name}Row`));
        return { ...s, body: s.body.map(stmt), apart: s.apart && rows.get(s.apart) };
      }
      case 'if':
        return { ...s, body: s.body.map(stmt) };
      case 'contraction':
        return { ...s, epilogue: s.epilogue.map(stmt) };
      default:
        return s;
    }
  };
  const copy = (k: Kernel): Kernel => {
    let body: readonly Stmt[] | null = null;
    return {
      ...k,
      name,
      get body() {
        return (body ??= k.body.map((s) => stmt(mapStmt(s, load))));
      },
      reads: k.reads.map(other),
      writes: k.writes.map(other),
      scratch: k.scratch.map(other),
    };
  };
  // what hoist names before a loop holds no offset: windows begin in the loads themselves
  return { nest: copy(model.nest), kernel: copy(model.kernel), finish: () => copy(model.finish()) };
}
