// Kernels from groups. In: groups, and the buffers of their values. Out: for each group its nest as lowered and as scheduled. Groups that
// are alike (alike.ts) are lowered and scheduled once; the others are copies (copies.ts).

import { describeGroup, distances } from './alike.ts';
import { copyOf, modelOf } from './copies.ts';
import type { Lowered, Model } from './copies.ts';
import type { Group, Grouping } from './group.ts';
import { lower, nameOf } from './lower.ts';
import type { ProgramContext } from './lower.ts';
import type { Names } from './names.ts';
import type { Kernel } from './nest.ts';
import type { Node } from './node.ts';
import { meaningOf } from './reads.ts';
import { hoist, schedule } from './schedule.ts';

export interface KernelRequest {
  readonly grouping: Grouping;
  readonly bufferOf: ProgramContext['bufferOf'];
  /** Those of the program: kernels and their scratch get names that nothing else has. */
  readonly names: Names;
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
    if (model && moved) return copyOf(model, moved, nameOf(g), names);
    const lowered = fromGroup(g);
    if (!like) return lowered;
    const first = modelOf(lowered, like.windows);
    models.set(like.text, first);
    return first;
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
