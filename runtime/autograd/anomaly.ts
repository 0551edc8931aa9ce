// Anomaly mode: finds the operation that made the first NaN (or infinity). In: a function to run under it. Out: an AutogradError with
// PyTorch's words that also names the user's line of the forward operation, what its operands were, and the first bad element.
//
// Everything is computed at once, operation by operation, so it is slow. A bad result of a forward operation is only noted, since it may
// be thrown away (the branch that `where` does not choose); it becomes an error if it reaches a tensor that is differentiated or
// returned, and no gradient went bad before.

import { isFloat } from '../../compiler/dtype.ts';
import { AutogradError } from '../../compiler/errors.ts';
import type { Node, Origin, TensorType } from '../../compiler/node.ts';
import { printType } from '../../compiler/node.ts';
import { broadcastShapes, sameShape, stridesOf } from '../../compiler/shape.ts';
import type { Shape } from '../../compiler/shape.ts';
import { bufferOf } from '../cell.ts';
import type { Buffer } from '../cell.ts';
import { nodeOfTensor } from '../core.ts';
import { checkFunction, checkOptions } from '../options.ts';
import { currentOrigin, describeOrigin, publicCall, withDetail } from '../origin.ts';
import { flatten } from '../pytree.ts';
import { elementsOf } from '../read.ts';
import { realizeNodes } from '../realize.ts';
import type { Tensor } from '../tensor.ts';
import { activeTrace } from '../trace.ts';
import type { Gradients, GradFn } from './gradFn.ts';

export interface AnomalyOptions {
  /** Look for NaN; true if absent. */
  readonly checkNan?: boolean;
  /** Look for infinities too; false if absent, since many programs use them on purpose. */
  readonly checkInf?: boolean;
  /** Look at the results of forward operations as well as at gradients; true if absent. */
  readonly checkForward?: boolean;
}

let settings: Required<AnomalyOptions> | null = null;

const isThenable = (value: unknown): value is Promise<unknown> => value instanceof Promise;

/** Runs `body` with the search switched on. */
export function detectAnomaly<T>(body: () => T, options: AnomalyOptions = {}): T {
  checkFunction('detectAnomaly', body);
  checkOptions('detectAnomaly', options, ['checkNan', 'checkInf', 'checkForward']);
  const before = settings;
  settings = { checkNan: true, checkInf: false, checkForward: true, ...options };
  const restore = (): void => {
    settings = before;
  };
  let pending = false;
  try {
    const result = body();
    if (isThenable(result)) {
      pending = true;
      return result.then(checkReturned).finally(restore) as T;
    }
    return checkReturned(result);
  } finally {
    if (!pending) restore();
  }
}

function checkReturned<T>(result: T): T {
  publicCall('detectAnomaly', () => refuseBadValues(flatten(result).tensors));
  return result;
}

/** True if the search is on; a function that is being traced is left alone. */
export const isAnomalyEnabled = (): boolean => settings !== null && activeTrace() === null;

type Kind = 'nan' | 'inf';

/** The first element that is NaN, or, if these are looked for, infinite. */
function firstBad(elements: ArrayLike<number>): { readonly kind: Kind; readonly at: number } | null {
  const { checkNan, checkInf } = settings!;
  for (let at = 0; at < elements.length; at++) {
    const value = elements[at];
    if (checkNan && Number.isNaN(value)) return { kind: 'nan', at };
    if (checkInf && (value === Infinity || value === -Infinity)) return { kind: 'inf', at };
  }
  return null;
}

/** What a forward operation did wrong first. */
interface Finding {
  readonly kind: Kind;
  readonly message: string;
  readonly detail: string;
  readonly origin: Origin | null;
}

const findings = new WeakMap<Buffer, Finding>();

const bufferOfTensor = (x: Tensor): Buffer | undefined => {
  elementsOf(x);
  return bufferOf(nodeOfTensor(x));
};
const findingOf = (buffer: Buffer | undefined): Finding | undefined => buffer && findings.get(buffer);

/** Looks at the results of an operation; a bad value that an operand had already is the fault of who made that. */
export function watchForward(name: string, results: readonly Tensor[], operands: readonly Tensor[]): void {
  if (!isAnomalyEnabled() || !settings!.checkForward) return;
  results.forEach((x, i) => {
    if (!isFloat(x.dtype)) return;
    const buffer = bufferOfTensor(x);
    const bad = buffer && firstBad(buffer.array);
    if (!buffer || !bad) return;
    const inherited = operands.map((o) => findingOf(bufferOfTensor(o))).find((f) => f?.kind === bad.kind);
    findings.set(buffer, inherited ?? describeForward(name, x, i, bad, operands));
  });
}

function describeForward(
  name: string,
  x: Tensor,
  output: number,
  { kind, at }: { readonly kind: Kind; readonly at: number },
  operands: readonly Tensor[],
): Finding {
  const origin = currentOrigin();
  const values = valuesThere(operands.map(bufferOfTensor), x.shape, at);
  const detail =
    `first at element ${place(x.shape, at)} of its result, ${printType(x.core.type)}: ${show(elementsOf(x)[at])}; ` +
    `${describeCall(
      origin,
      name,
      operands.map((o) => o.core.type),
    )}${values && `, operands there: ${values}`}`;
  return {
    kind,
    message: `Function '${name}' returned ${kind} values in its ${output}th output.`,
    detail,
    origin,
  };
}

/** Throws if a forward operation gave one of these tensors a bad value. */
export function refuseBadValues(tensors: readonly Tensor[]): void {
  if (!isAnomalyEnabled() || !settings!.checkForward) return;
  for (const x of tensors) {
    const finding = isFloat(x.dtype) ? findingOf(bufferOfTensor(x)) : undefined;
    if (finding) throw withDetail(new AutogradError(finding.message), finding.detail);
  }
}

/** Throws if a backward function returned a bad gradient. */
export function checkAnomaly(fn: GradFn, incoming: Gradients, results: Gradients): void {
  if (!isAnomalyEnabled()) return;
  results.forEach((g, i) => {
    const bad = g !== null && isFloat(g.dtype) ? firstBad(elementsOf(g)) : null;
    if (g === null || bad === null) return;
    const { operands, outputs } = fn.forward();
    const there = valuesThere(operands.map(computed), g.shape, bad.at);
    const result = valuesThere(outputs.map(computed), g.shape, bad.at);
    const given = valuesThere(
      incoming.map((x) => (x === null ? undefined : bufferOfTensor(x))),
      g.shape,
      bad.at,
    );
    const earlier = outputs.map((n) => findingOf(bufferOf(n))).find((f) => f !== undefined);
    const detail = [
      `first at element ${place(g.shape, bad.at)} of that gradient, ${printType(g.core.type)}: ${show(elementsOf(g)[bad.at])}`,
      `forward: ${describeCall(
        fn.origin,
        fn.name,
        operands.map((n) => n.type),
      )}`,
      there && `operands there: ${there}`,
      result && `result there: ${result}`,
      given && `incoming gradient there: ${given}`,
      earlier && `its result was bad already: ${earlier.message} ${earlier.detail}`,
      bad.kind === 'nan' && given === '0' && hint,
    ];
    throw withDetail(
      new AutogradError(`Function '${fn.name}' returned ${bad.kind} values in its ${i}th output.`),
      detail.filter(Boolean).join('; '),
    );
  });
}

const hint =
  '0 times an infinite derivative is nan: if where() did not choose this branch, give the function a harmless argument there, ' +
  'f(where(condition, x, 1))';

function computed(n: Node): Buffer | undefined {
  realizeNodes([n]);
  return bufferOf(n);
}

/** `sqrt(float32[3]) at train.ts:12:5`. */
function describeCall(origin: Origin | null, name: string, operands: readonly TensorType[]): string {
  const [op, ...at] = describeOrigin(origin).split(' at ');
  return [`${origin === null ? name : op}(${operands.map(printType).join(', ')})`, ...at].join(' at ');
}

/** Elements of arrays that broadcast to a shape, at one place of it; empty if they do not. */
function valuesThere(buffers: readonly (Buffer | undefined)[], shape: Shape, at: number): string {
  const texts = buffers.map((b) =>
    b && broadcasts(b.type.shape, shape) ? show(b.array[indexIn(b.type.shape, shape, at)]) : '',
  );
  return texts.includes('') ? '' : texts.join(', ');
}

const broadcasts = (from: Shape, to: Shape): boolean =>
  from.length <= to.length &&
  from.every((size, i) => size === 1 || size === to[to.length - from.length + i]) &&
  sameShape(broadcastShapes(from, to), to);

/** Where the element `at` of a shape is in something that is broadcast to it. */
function indexIn(from: Shape, to: Shape, at: number): number {
  const strides = stridesOf(from);
  const lead = to.length - from.length;
  return coordinates(to, at).reduce(
    (sum, c, i) => (i < lead || from[i - lead] === 1 ? sum : sum + c * strides[i - lead]),
    0,
  );
}

function coordinates(shape: Shape, at: number): number[] {
  return stridesOf(shape).map((stride, i) => Math.floor(at / stride) % shape[i]);
}

const place = (shape: Shape, at: number): string => `[${coordinates(shape, at).join(', ')}]`;
const show = (value: number): string =>
  Number.isNaN(value) ? 'nan' : Object.is(value, -0) ? '-0' : String(value).replace('Infinity', 'inf');
