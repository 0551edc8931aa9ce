// What a kernel does in one run, read off its text. In: a generated source. Out: for each of its functions how many elements it loads and
// stores, how much it computes, and how many loops it has. Loops have literal bounds, so that a count is a sum of products; a branch
// counts as taken, and of two alternatives the dearer one.
//
// This is what the machine is asked to do: `flops` of a kernel counts what the operations mean, here an exponential counts as the dozen
// multiplications and additions that it is made of, and what is computed twice counts twice.

import type { AnyNode, CallExpression, ForStatement, FunctionDeclaration } from 'acorn';
import type { Parser } from './parser.ts';

/** What the source of a kernel does once through: loads, stores, arithmetic, calls, loops. */
export interface KernelCounts {
  /** Elements read from arrays, those of scratch included. */
  readonly loads: number;
  readonly stores: number;
  /** Additions, subtractions, multiplications, divisions and remainders of values; not those of indices. */
  readonly flops: number;
  /** Calls of functions that are not part of the source, such as Math.log. */
  readonly calls: number;
  /** Loops in its text. */
  readonly loops: number;
}

const nothing: KernelCounts = { loads: 0, stores: 0, flops: 0, calls: 0, loops: 0 };
const plus = (a: KernelCounts, b: KernelCounts): KernelCounts => ({
  loads: a.loads + b.loads,
  stores: a.stores + b.stores,
  flops: a.flops + b.flops,
  calls: a.calls + b.calls,
  loops: a.loops + b.loops,
});
const times = (a: KernelCounts, n: number): KernelCounts => ({
  loads: a.loads * n,
  stores: a.stores * n,
  flops: a.flops * n,
  calls: a.calls * n,
  loops: a.loops,
});
const one = (what: Partial<KernelCounts>): KernelCounts => ({ ...nothing, ...what });
const dearer = (a: KernelCounts, b: KernelCounts): KernelCounts =>
  a.flops + a.loads + 10 * a.calls >= b.flops + b.loads + 10 * b.calls ? a : b;

const arithmetic = new Set(['+', '-', '*', '/', '%', '**']);
/** One instruction each, or a change of form: no calls to speak of. */
const instructions = new Set(['fround', 'abs', 'min', 'max', 'floor', 'ceil', 'trunc', 'imul']);

/** How often the body of a loop runs; 1 if its bounds are not literals. */
function tripsOf({ init, test, update }: ForStatement): number {
  const start =
    init?.type === 'VariableDeclaration' && init.declarations[0].init?.type === 'Literal'
      ? Number(init.declarations[0].init.value)
      : NaN;
  const end =
    test?.type === 'BinaryExpression' && test.operator === '<' && test.right.type === 'Literal'
      ? Number(test.right.value)
      : NaN;
  const step =
    update?.type === 'UpdateExpression'
      ? 1
      : update?.type === 'AssignmentExpression' && update.right.type === 'Literal'
        ? Number(update.right.value)
        : NaN;
  const trips = Math.ceil((end - start) / step);
  return Number.isNaN(trips) ? 1 : Math.max(0, trips);
}

/** The counts of every function of a source, by name. */
export function kernelCounts(source: string, parse: Parser): ReadonlyMap<string, KernelCounts> {
  const functions = new Map<string, FunctionDeclaration>();
  for (const s of parse(source).body)
    if (s.type === 'FunctionDeclaration' && s.id) functions.set(s.id.name, s as FunctionDeclaration);
  const known = new Map<string, KernelCounts>();
  const ofFunction = (name: string, indices: readonly boolean[] = []): KernelCounts => {
    const key = `${name} ${indices.join()}`;
    let counts = known.get(key);
    if (counts === undefined) {
      const { params, body } = functions.get(name)!;
      const given = params.flatMap((p, i) => (indices[i] && p.type === 'Identifier' ? [p.name] : []));
      counts = new Counter(ofFunction, functions, new Set(given)).of(body);
      known.set(key, counts);
    }
    return counts;
  };
  return new Map([...functions.keys()].map((name) => [name, ofFunction(name)]));
}

class Counter {
  constructor(
    private readonly ofFunction: (name: string, indices: readonly boolean[]) => KernelCounts,
    private readonly functions: ReadonlyMap<string, unknown>,
    /** Names of loop variables and of what is computed from them alone. */
    private readonly indices: Set<string>,
  ) {}

  of(n: AnyNode | null | undefined): KernelCounts {
    if (!n) return nothing;
    switch (n.type) {
      case 'BlockStatement':
        return this.all(n.body);
      case 'VariableDeclaration':
        return n.declarations.reduce((sum, d) => {
          if (d.id.type === 'Identifier' && n.kind === 'const' && d.init && this.isIndex(d.init)) {
            this.indices.add(d.id.name);
            return sum;
          }
          return plus(sum, this.of(d.init));
        }, nothing);
      case 'ForStatement': {
        if (n.init?.type === 'VariableDeclaration' && n.init.declarations[0].id.type === 'Identifier')
          this.indices.add(n.init.declarations[0].id.name);
        return plus(one({ loops: 1 }), times(this.of(n.body), tripsOf(n)));
      }
      case 'IfStatement':
        return plus(this.of(n.test), dearer(this.of(n.consequent), this.of(n.alternate)));
      case 'ConditionalExpression':
        return plus(this.of(n.test), dearer(this.of(n.consequent), this.of(n.alternate)));
      case 'ExpressionStatement':
        return this.of(n.expression);
      case 'ReturnStatement':
        return this.of(n.argument);
      case 'AssignmentExpression': {
        const computes = n.operator === '=' ? nothing : one({ flops: 1 });
        if (n.left.type !== 'MemberExpression') return plus(computes, this.of(n.right));
        const place = plus(this.of(n.left.property), one({ stores: 1, loads: n.operator === '=' ? 0 : 1 }));
        return plus(plus(place, computes), this.of(n.right));
      }
      case 'BinaryExpression':
        if (this.isIndex(n)) return nothing;
        return plus(
          arithmetic.has(n.operator) ? one({ flops: 1 }) : nothing,
          plus(this.of(n.left), this.of(n.right)),
        );
      case 'LogicalExpression':
        return plus(this.of(n.left), this.of(n.right));
      case 'UnaryExpression':
        return this.of(n.argument);
      case 'MemberExpression':
        return n.computed ? plus(one({ loads: 1 }), this.of(n.property)) : nothing;
      case 'CallExpression':
        return plus(this.call(n), this.all(n.arguments));
      case 'ArrayExpression':
        return nothing;
      default:
        return nothing;
    }
  }

  private all(nodes: readonly AnyNode[]): KernelCounts {
    return nodes.reduce((sum, n) => plus(sum, this.of(n)), nothing);
  }

  private call({ callee, arguments: args }: CallExpression): KernelCounts {
    if (callee.type === 'Identifier')
      return this.functions.has(callee.name)
        ? this.ofFunction(
            callee.name,
            args.map((a) => this.isIndex(a) && this.mentions(a)),
          )
        : one({ calls: 1 });
    const name =
      callee.type === 'MemberExpression' && callee.property.type === 'Identifier' ? callee.property.name : '';
    if (name === 'sqrt') return one({ flops: 1 });
    return instructions.has(name) ? nothing : one({ calls: 1 });
  }

  /** Arithmetic of loop variables and numbers. */
  private isIndex(n: AnyNode): boolean {
    switch (n.type) {
      case 'Identifier':
        return this.indices.has(n.name);
      case 'Literal':
        return true;
      case 'BinaryExpression':
        return (
          this.isIndex(n.left) && this.isIndex(n.right) && (this.mentions(n.left) || this.mentions(n.right))
        );
      default:
        return false;
    }
  }

  private mentions(n: AnyNode): boolean {
    if (n.type === 'BinaryExpression') return this.mentions(n.left) || this.mentions(n.right);
    return n.type === 'Identifier' && this.indices.has(n.name);
  }
}
