// Why there is another program: what of a call differs from the calls that programs are there for. In: two signatures, and guards. Out: the
// differences in words, and after many programs a hint what to do about them.

import { printType } from '../compiler/node.ts';
import { showShape } from '../compiler/shape.ts';
import { warn } from './environment.ts';
import { describeValue } from './options.ts';
import type { Signature, Spec, Standing } from './signature.ts';
import { isTensor } from './tensor.ts';
import type { Guard } from './trace.ts';

export interface Change {
  /** `argument 1.rate` */
  readonly what: string;
  /** Which property of it, such as `shape`; its value if absent. */
  readonly property?: string;
  readonly before: string;
  readonly after: string;
  /** What might keep the change from making a program. */
  readonly remedy: string;
}

type TensorSpec = Extract<Spec, { tag: 'tensor' }>;

const remedies = {
  number: 'plain numbers are part of the program, so pass tensor(value) instead, which may change',
  value: 'what is no tensor is part of the program, so pass the same object at each call',
  type: 'each shape and dtype is a program of its own, so pad or cut to a few shapes',
  outside: 'see to it that it is the same at each call',
} as const;

const describeStatic = (value: unknown): string => {
  if (isTensor(value)) return 'a tensor that is also used from outside';
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'function'
    ? `function ${value.name}`
    : value instanceof Object
      ? describeValue(value)
      : String(value);
};

const withHooks = 'leaf with hooks ';

function describeStanding(standing: Standing): string {
  switch (standing) {
    case 'plain':
      return '';
    case 'recorded':
      return ' with a history';
    case 'leaf':
      return ' that requires grad';
    default:
      return ' that requires grad and has hooks';
  }
}

function describe(spec: Spec | undefined): string {
  if (spec === undefined) return 'nothing';
  switch (spec.tag) {
    case 'tensor':
      return `${printType(spec.type)}${spec.view ? ' (a view)' : ''}${describeStanding(spec.standing)}`;
    case 'array':
      return `an array of ${spec.items.length}`;
    case 'object':
      return `{ ${spec.keys.join(', ')} }`;
    case 'module':
      return describeValue(spec.module);
    case 'static':
      return describeStatic(spec.value);
  }
}

/** Where two signatures differ. */
export function differences(before: Signature, after: Signature): Change[] {
  const found: Change[] = [];
  const note = (what: string, a: string, b: string, remedy: keyof typeof remedies): void => {
    const [from, to] = a === b ? [a, `another ${b.replace(/^an? /, '')}`] : [a, b];
    found.push({ what, before: from, after: to, remedy: remedies[remedy] });
  };
  const compareTensors = (what: string, a: TensorSpec, b: TensorSpec): void => {
    const properties: readonly (readonly [property: string, of: (s: TensorSpec) => string])[] = [
      ['shape', ({ type }) => showShape(type.shape)],
      ['dtype', ({ type }) => type.dtype],
      ['requiresGrad', ({ standing }) => String(standing !== 'plain')],
      ['isLeaf', ({ standing }) => String(standing !== 'recorded')],
      ['a view', ({ view }) => String(view)],
      [
        'hooks',
        ({ standing }) => (standing.startsWith(withHooks) ? standing.slice(withHooks.length) : 'none'),
      ],
    ];
    for (const [property, of] of properties) {
      const [from, to] = [of(a), of(b)];
      if (from !== to) found.push({ what, property, before: from, after: to, remedy: remedies.type });
    }
  };
  const compare = (what: string, a: Spec | undefined, b: Spec | undefined): void => {
    if (a?.tag === 'tensor' && b?.tag === 'tensor') {
      if (a.standing !== b.standing || describe(a) !== describe(b)) compareTensors(what, a, b);
      else if (before.same[a.slot] !== after.same[b.slot] || before.shared[a.slot] !== after.shared[b.slot])
        note(what, 'one storage', 'shared with other arguments than before', 'outside');
    } else if (a?.tag === 'array' && b?.tag === 'array' && a.items.length === b.items.length)
      a.items.forEach((item, i) => compare(`${what}[${i}]`, item, b.items[i]));
    else if (a?.tag === 'object' && b?.tag === 'object' && a.keys.join() === b.keys.join())
      a.items.forEach((item, i) => compare(`${what}.${a.keys[i]}`, item, b.items[i]));
    else if (a?.tag === 'module' && b?.tag === 'module' && a.module === b.module) {
      const at = b.fields.findIndex((f, i) => !Object.is(a.fields[i]?.value, f.value));
      if (at >= 0)
        note(
          `${what}.${b.fields[at].key}`,
          describeStatic(a.fields[at]?.value),
          describeStatic(b.fields[at].value),
          'value',
        );
      else if (a.fields.length !== b.fields.length) note(what, 'its fields', 'fewer fields', 'value');
    } else if (a?.tag !== 'static' || b?.tag !== 'static' || !Object.is(a.value, b.value)) {
      const isNumber = b?.tag === 'static' && typeof b.value === 'number';
      note(what, describe(a), describe(b), isNumber ? 'number' : 'value');
    }
  };
  for (let i = 0; i < Math.max(before.args.length, after.args.length); i++)
    compare(`argument ${i}`, before.args[i], after.args[i]);
  if (before.grad !== after.grad) note('grad mode', String(before.grad), String(after.grad), 'outside');
  if (before.inference !== after.inference)
    note('inference mode', String(before.inference), String(after.inference), 'outside');
  return found;
}

/** Which guards do not hold any more. */
export const brokenGuards = (guards: readonly Guard[]): Change[] =>
  guards.flatMap(({ what, value, read }) => {
    const now = read();
    if (Object.is(now, value)) return [];
    return [{ what, before: describeStatic(value), after: describeStatic(now), remedy: remedies.outside }];
  });

/** `argument 0: shape [2, 3] -> [4, 3]` */
export const describeChanges = (changes: readonly Change[]): string =>
  changes
    .map(
      ({ what, property, before, after }) =>
        `${what}: ${property === undefined ? '' : `${property} `}${before} -> ${after}`,
    )
    .join('; ');

/** Says that there are many programs, and what changes most often. */
export function warnOfMany(name: string, programs: number, changes: readonly Change[]): void {
  const counts = new Map<string, number>();
  const subject = ({ what, property }: Change): string =>
    property === undefined ? what : `the ${property.replace(/^a /, '')} of ${what}`;
  for (const change of changes) counts.set(subject(change), (counts.get(subject(change)) ?? 0) + 1);
  const most = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  const last = changes.filter((change) => subject(change) === most).pop();
  const reason =
    last === undefined
      ? ''
      : `: ${subject(last)} keeps changing (the last time ${last.before} -> ${last.after}); ${last.remedy}`;
  warn(`the compiled function '${name}' has been compiled ${programs} times${reason}`);
}
