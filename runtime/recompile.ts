// Why there is another program: what of a call differs from the calls that programs are there for. In: two signatures, and guards. Out: the
// differences in words, and after many programs a hint what to do about them. Arguments have the user's names for them, which are only looked
// up when the words are asked for.

import { printType } from '../compiler/node.ts';
import { showShape } from '../compiler/shape.ts';
import { isTensor } from './core.ts';
import { describeValue } from './describe.ts';
import { warn } from './environment.ts';
import { showOrigin } from './origin.ts';
import type { Signature, Spec, Standing } from './signature.ts';
import type { NameOf } from './parameterNames.ts';
import type { Tensor } from './tensor.ts';
import type { Guard } from './trace.ts';

export interface Change {
  /** The number of the argument, if it is one. */
  readonly argument?: number;
  /** Where in the argument, such as `.rate`; or all of what is meant, such as `grad mode`. */
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

/** The hooks of both sides, by their names; with their numbers too if those are the same. */
function describeHooks(a: Standing, b: Standing): [from: string, to: string] {
  const [from, to] = [a, b].map((s) => (s.startsWith(withHooks) ? s.slice(withHooks.length) : 'none'));
  const names = (text: string): string => text.replace(/#\d+(?=,|$)/g, '').replaceAll(',', ', ');
  return names(from) === names(to) ? [from, to] : [names(from), names(to)];
}

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

const describeField = (value: unknown): string =>
  isTensor(value) ? printType(value.core.type) : value === undefined ? 'nothing' : describeStatic(value);

/** Where two signatures differ. */
export function differences(before: Signature, after: Signature): Change[] {
  const found: Change[] = [];
  let argument: number | undefined = 0;
  const note = (what: string, a: string, b: string, remedy: keyof typeof remedies): void => {
    const [from, to] = a === b ? [a, `another ${b.replace(/^an? /, '')}`] : [a, b];
    found.push({ argument, what, before: from, after: to, remedy: remedies[remedy] });
  };
  const compareTensors = (what: string, a: TensorSpec, b: TensorSpec): void => {
    const both = (of: (s: TensorSpec) => string | boolean): [from: string, to: string] => [
      String(of(a)),
      String(of(b)),
    ];
    const properties: readonly (readonly [property: string, ...change: [from: string, to: string]])[] = [
      ['shape', ...both(({ type }) => showShape(type.shape))],
      ['dtype', ...both(({ type }) => type.dtype)],
      ['requiresGrad', ...both(({ standing }) => standing !== 'plain')],
      ['isLeaf', ...both(({ standing }) => standing !== 'recorded')],
      ['a view', ...both(({ view }) => view)],
      ['hooks', ...describeHooks(a.standing, b.standing)],
    ];
    for (const [property, from, to] of properties)
      if (from !== to)
        found.push({ argument, what, property, before: from, after: to, remedy: remedies.type });
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
      const now = new Map(b.fields.map((f) => [f.name, f.value]));
      const before = new Map(a.fields.map((f) => [f.name, f.value]));
      for (const name of new Set([...before.keys(), ...now.keys()]))
        if (before.get(name) !== now.get(name))
          note(`${what}.${name}`, describeField(before.get(name)), describeField(now.get(name)), 'value');
    } else if (a?.tag !== 'static' || b?.tag !== 'static' || !Object.is(a.value, b.value)) {
      const isNumber = b?.tag === 'static' && typeof b.value === 'number';
      note(what, describe(a), describe(b), isNumber ? 'number' : 'value');
    }
  };
  for (; argument < Math.max(before.args.length, after.args.length); argument++)
    compare('', before.args[argument], after.args[argument]);
  argument = undefined;
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

/** What autograd knows of a tensor that lies outside: of a module among the arguments by its name there, else by where it was made. */
export function standingChange(
  { args }: Signature,
  tensor: Tensor,
  before: Standing,
  after: Standing,
): Change {
  const [from, to] =
    before.startsWith(withHooks) || after.startsWith(withHooks)
      ? describeHooks(before, after).map((hooks) => `hooks ${hooks}`)
      : [before, after];
  const change = { before: from, after: to, remedy: remedies.outside };
  for (const [argument, spec] of args.entries()) {
    const field = spec.tag === 'module' ? spec.fields.find(({ value }) => value === tensor) : undefined;
    if (field !== undefined) return { argument, what: `.${field.name}`, ...change };
  }
  const made = showOrigin(tensor.core.origin);
  const where = made === null ? '' : ` (made at ${made})`;
  return { what: `an outside ${printType(tensor.core.type)}${where}`, ...change };
}

/** `x (argument 0)`, or `argument 0` where the function has no name for it. */
function subjectOf({ argument, what }: Change, nameOf: NameOf): string {
  if (argument === undefined) return what;
  const name = nameOf(argument);
  return name === null ? `argument ${argument}${what}` : `${name}${what} (argument ${argument})`;
}

/** `x (argument 0): shape [2, 3] -> [4, 3]` */
export const describeChanges = (changes: readonly Change[], nameOf: NameOf): string =>
  changes
    .map((change) => {
      const { property, before, after } = change;
      return `${subjectOf(change, nameOf)}: ${property === undefined ? '' : `${property} `}${before} -> ${after}`;
    })
    .join('; ');

/** Says that there are many programs, and what changes most often. */
export function warnOfMany(name: string, programs: number, changes: readonly Change[], nameOf: NameOf): void {
  const counts = new Map<string, number>();
  const subject = (change: Change): string => {
    const whose = subjectOf(change, nameOf);
    return change.property === undefined ? whose : `the ${change.property.replace(/^a /, '')} of ${whose}`;
  };
  for (const change of changes) counts.set(subject(change), (counts.get(subject(change)) ?? 0) + 1);
  const most = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  const last = changes.filter((change) => subject(change) === most).pop();
  const reason =
    last === undefined
      ? ''
      : `: ${subject(last)} keeps changing (the last time ${last.before} -> ${last.after}); ${last.remedy}`;
  warn(`the compiled function '${name}' has been compiled ${programs} times${reason}`);
}
