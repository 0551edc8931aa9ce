// A graph as a script: what a report of a bug can hold. In: outputs, which nodes are taken as given, and the value of each node. Out: a
// module that computes the outputs by public names, with the numbers that were met, compiled in checked mode.
//
// The meaning of an operation decides how it is written, so operators that rules have made need no name of their own. What has no public
// spelling (a gather by rules, a view of many elements) is taken as given, if somebody else is to blame.

import type { DType } from '../compiler/dtype.ts';
import { isFloat } from '../compiler/dtype.ts';
import { letters, printDetail, reachable } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import type { Monoid } from '../compiler/op.ts';
import type { Primitive, Scalar } from '../compiler/scalar.ts';
import { numel } from '../compiler/shape.ts';
import * as ops from '../ops/index.ts';
import type { TypedArray } from './buffer.ts';
import { viewTable } from './indexTable.ts';
import { limits } from './limits.ts';

/** Public names of primitives that are called otherwise. */
const primitiveNames: Readonly<Partial<Record<Primitive, string>>> = {
  min: 'minimum',
  max: 'maximum',
  select: 'where',
  and: 'logicalAnd',
  or: 'logicalOr',
  not: 'logicalNot',
  bitAnd: 'bitwiseAnd',
  bitOr: 'bitwiseOr',
  bitXor: 'bitwiseXor',
  bitNot: 'bitwiseNot',
  shiftLeft: 'bitwiseLeftShift',
  shiftRight: 'bitwiseRightShift',
};

const monoidNames: Readonly<Partial<Record<Monoid, string>>> = { max: 'amax', min: 'amin' };

const number = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));
const list = (values: Iterable<number>): string => `[${Array.from(values, number).join(', ')}]`;
const options = (dtype: DType): string => `{ dtype: '${dtype}' }`;

/** Writes nodes, and notes which names it needs. */
class ScriptWriter {
  readonly imports = new Set<string>(['compile']);

  constructor(private readonly nameOf: (n: Node) => string) {}

  call(name: string, ...args: readonly string[]): string {
    this.imports.add(name);
    return `${name}(${args.join(', ')})`;
  }

  /** The values of a given node. */
  literal({ type: { shape, dtype } }: Node, values: TypedArray): string {
    if (values.length > limits.scriptElements) {
      const random = isFloat(dtype)
        ? this.call('randn', list(shape))
        : this.call('randint', '0', '2', list(shape));
      return `${dtype === 'float32' ? random : `${random}.to('${dtype}')`}, // ${values.length} random numbers instead of those that were met`;
    }
    const flat = this.call('tensor', list(values), dtype === 'float32' ? '' : options(dtype)).replace(
      ', )',
      ')',
    );
    return `${shape.length === 1 ? flat : `${flat}.reshape(${list(shape)})`},`;
  }

  /** What computes a node, or null if there is no public way to say it. */
  expression(n: Node): string | null {
    const m = n.op.meaning(n);
    const { shape, dtype } = n.type;
    const args = n.inputs.map(this.nameOf);
    switch (m.tag) {
      case 'constant':
        return this.call('full', list(shape), number(m.value), options(dtype));
      case 'iota': {
        const { axis, offset, step } = m;
        const values = Array.from({ length: shape[axis] }, (_, i) => offset + step * i);
        const along = shape.map((size, i) => (i === axis ? size : 1));
        return `${this.call('tensor', list(values), options(dtype))}.reshape(${list(along)}).expand(${list(shape)})`;
      }
      case 'map':
        if (n.attrs === undefined && n.op.name in ops) return this.call(n.op.name, ...args);
        return `${this.scalar(m.expr, args, dtype)}.to('${dtype}')`;
      case 'reduce': {
        const name = monoidNames[m.monoid] ?? m.monoid;
        if (m.monoid === 'argmax' || m.monoid === 'argmin' || m.monoid === 'prod')
          return m.axes.length === 1 ? this.call(name, args[0], String(m.axes[0]), String(m.keepdim)) : null;
        return this.call(name, args[0], list(m.axes), String(m.keepdim));
      }
      case 'contract': {
        const labels = (ids: readonly number[]): string => ids.map((i) => letters(i)).join('');
        return this.call('einsum', `'${labels(m.a)},${labels(m.b)}->${labels(m.out)}'`, ...args);
      }
      case 'view':
        return this.view(n, args[0]);
      case 'composite':
        return n.attrs === undefined && n.op.name in ops ? this.call(n.op.name, ...args) : null;
      default:
        return null;
    }
  }

  private view(n: Node, x: string): string | null {
    const m = n.op.meaning(n);
    if (m.tag !== 'view') return null;
    const { shape } = n.type;
    const input = n.inputs[0].type.shape;
    if (m.view.tag === 'reshape') return `${x}.reshape(${list(shape)})`;
    const { axes, fill } = m.view;
    const order = axes.map((a) =>
      a.offset === 0 && a.terms.length === 1 && a.terms[0][1] === 1 ? a.terms[0][0] : -1,
    );
    const whole = order.length === shape.length && order.every((o, i) => o >= 0 && shape[o] === input[i]);
    if (whole && fill === undefined && !axes.some((a) => a.div !== undefined))
      return `${x}.permute(${list(shape.map((_, o) => order.indexOf(o)))})`;
    if (numel(shape) > limits.scriptElements) return null;
    const table = viewTable(m.view, input, shape);
    const places = `${this.call('tensor', list(table.map((at) => Math.max(0, at))), options('int32'))}.reshape(${list(shape)})`;
    const taken = this.call('take', x, places);
    if (!table.includes(-1)) return taken;
    const inside = `${this.call('tensor', list(table.map((at) => Number(at >= 0))), options('bool'))}.reshape(${list(shape)})`;
    return this.call(
      'where',
      inside,
      taken,
      this.call('full', '[]', number(fill ?? 0), options(n.type.dtype)),
    );
  }

  private scalar(e: Scalar, args: readonly string[], dtype: DType): string {
    switch (e.tag) {
      case 'arg':
        return args[e.index];
      case 'const':
        return this.call('full', '[]', number(e.value), options(dtype));
      case 'cast':
        return `${this.scalar(e.arg, args, dtype)}.to('${e.dtype}')`;
      case 'prim':
        return this.call(primitiveNames[e.prim] ?? e.prim, ...e.args.map((a) => this.scalar(a, args, dtype)));
    }
  }
}

/** The module that computes `outputs`; `given` nodes are its arguments. */
export function scriptOf(
  outputs: readonly Node[],
  given: (n: Node) => boolean,
  valueOf: (n: Node) => TypedArray,
): string {
  const names = new Map<Node, string>();
  const w = new ScriptWriter((n) => names.get(n) as string);
  const spelled = new ScriptWriter(() => 'x');
  const isArgument = (n: Node): boolean =>
    given(n) || n.op.meaning(n).tag === 'input' || (!outputs.includes(n) && spelled.expression(n) === null);
  const nodes = reachable(outputs, isArgument);
  nodes.forEach((n, i) => names.set(n, letters(i)));
  const inputs = nodes.filter(isArgument);
  const name = (n: Node): string => names.get(n) as string;
  const body = nodes
    .filter((n) => !isArgument(n))
    .map((n) => {
      const detail = printDetail(n);
      const unspelled = (): string =>
        `${w.call(n.op.name, ...n.inputs.map(name))}; // as it is inside: ${detail}`;
      return `  const ${name(n)} = ${w.expression(n)?.concat(';') ?? unspelled()}`;
    });
  const values = inputs.map((n) => `  ${w.literal(n, valueOf(n))}`);
  return [
    `import { ${[...w.imports].sort().join(', ')} } from 'gradloom';`,
    '',
    `const f = compile((${inputs.map(name).join(', ')}) => {`,
    ...body,
    `  return [${outputs.map(name).join(', ')}];`,
    '}, { checked: true });',
    ...(values.length === 0 ? ['console.log(f());'] : ['console.log(f(', ...values, '));']),
  ].join('\n');
}
