// The interpreter: what every operator means, carried out literally. In: a graph and one array per input. Out: one row-major
// array per output. It is the definition of what is right: tests hold compiled programs against it, checked mode holds
// rewrites against it, and it runs programs where code must not be generated.
//
// Every value is an array of its node's dtype, so float32 rounds at each node; sums and products add up in double. All index
// arithmetic is done once per node, into tables of flat indices (`indexTable`); what remains per run are plain loops.

import { InternalError } from '../compiler/errors.ts';
import { reachable } from '../compiler/graph.ts';
import type { Graph } from '../compiler/graph.ts';
import type { Node } from '../compiler/node.ts';
import { printType } from '../compiler/node.ts';
import type { Meaning, NumberArray } from '../compiler/op.ts';
import { castNumber, primitives } from '../compiler/scalar.ts';
import type { Scalar } from '../compiler/scalar.ts';
import { numel } from '../compiler/shape.ts';
import { broadcastView } from '../compiler/view.ts';
import { prepareContract, prepareReduce, prepareScatter } from './accumulate.ts';
import type { Step } from './accumulate.ts';
import { allocate, toTypedArray } from './buffer.ts';
import type { TypedArray } from './buffer.ts';
import { axisTable, preparePlaces, viewTable } from './indexTable.ts';

/** Evaluates a graph. `inputs` are in the order of `graph.inputs`; the results are fresh arrays. */
export function interpret(graph: Graph, inputs: readonly NumberArray[]): TypedArray[] {
  if (inputs.length !== graph.inputs.length)
    throw new InternalError(`interpret: ${inputs.length} arrays for ${graph.inputs.length} inputs`);
  const values = new Map<Node, TypedArray>();
  graph.inputs.forEach((n, i) => {
    if (inputs[i].length !== numel(n.type.shape))
      throw new InternalError(
        `interpret: ${inputs[i].length} elements for input ${i} of ${printType(n.type)}`,
      );
    values.set(n, toTypedArray(n.type.dtype, inputs[i]));
  });
  evaluateAll(graph.nodes, values);
  const given = new Set(graph.inputs);
  return graph.outputs.map((o) => (given.has(o) ? values.get(o)!.slice() : values.get(o)!));
}

/** The value of one node, given those of its inputs. */
export function evaluateNode(n: Node, inputs: readonly TypedArray[]): TypedArray {
  let step = steps.get(n);
  if (!step) steps.set(n, (step = prepareNode(n, n.op.meaning(n))));
  const out = allocate(n.type.dtype, numel(n.type.shape));
  step(inputs, out);
  return out;
}

/** Evaluates what has no value yet; `nodes` are in topological order. */
export function evaluateAll(nodes: readonly Node[], values: Map<Node, TypedArray>): void {
  for (const n of nodes) {
    if (values.has(n)) continue;
    const inputs = n.inputs.map((i) => values.get(i)!);
    values.set(n, evaluateNode(n, inputs));
  }
}

const steps = new WeakMap<Node, Step>();

function prepareNode(n: Node, meaning: Meaning): Step {
  switch (meaning.tag) {
    case 'input':
      throw new InternalError(`interpret: an input of ${printType(n.type)} that the graph does not list`);
    case 'constant': {
      const value = castNumber(n.type.dtype, meaning.value);
      return (_, out) => void out.fill(value);
    }
    case 'iota': {
      const table = axisTable(n.type.shape, meaning.axis);
      return (_, out) => {
        for (let o = 0; o < out.length; o++) out[o] = meaning.offset + meaning.step * table[o];
      };
    }
    case 'map':
      return prepareMap(n, meaning.expr);
    case 'reduce':
      return prepareReduce(n, meaning.axes, meaning.monoid);
    case 'view': {
      const table = viewTable(meaning.view, n.inputs[0].type.shape, n.type.shape);
      const fill = meaning.view.tag === 'affine' ? castNumber(n.type.dtype, meaning.view.fill ?? 0) : 0;
      return ([x], out) => {
        for (let o = 0; o < out.length; o++) out[o] = table[o] < 0 ? fill : x[table[o]];
      };
    }
    case 'contract':
      return prepareContract(n, meaning);
    case 'gather': {
      const placesOf = preparePlaces(n, meaning.axes, n.inputs[0].type.shape, n.type.shape);
      return (inputs, out) => {
        const places = placesOf(inputs);
        for (let o = 0; o < out.length; o++) out[o] = inputs[0][places[o]];
      };
    }
    case 'scatter':
      return prepareScatter(n, meaning.axes, meaning.mode);
    case 'composite': {
      const body = meaning.expand();
      const given = new Set(n.inputs);
      const nodes = reachable([body], (x) => given.has(x));
      return (inputs, out) => {
        const values = new Map(n.inputs.map((input, i) => [input, inputs[i]]));
        evaluateAll(nodes, values);
        out.set(values.get(body)!);
      };
    }
    case 'routine': {
      const types = [...n.inputs, n].map((x) => x.type);
      return (inputs, out) => meaning.run(inputs, out, types);
    }
  }
}

function prepareMap(n: Node, expr: Scalar): Step {
  const tables = n.inputs.map((i) =>
    viewTable(broadcastView(i.type.shape, n.type.shape), i.type.shape, n.type.shape),
  );
  const f = closure(expr);
  const truth = n.type.dtype === 'bool';
  return (inputs, out) => {
    const args = new Array<number>(inputs.length).fill(0);
    for (let o = 0; o < out.length; o++) {
      for (let i = 0; i < args.length; i++) args[i] = inputs[i][tables[i][o]];
      const value = f(args);
      out[o] = truth ? (value !== 0 ? 1 : 0) : value;
    }
  };
}

type Closure = (args: readonly number[]) => number;

/** A scalar expression as nested closures: evaluateScalar without its walk. */
function closure(e: Scalar): Closure {
  switch (e.tag) {
    case 'arg': {
      const { index } = e;
      return (args) => args[index];
    }
    case 'const': {
      const { value } = e;
      return () => value;
    }
    case 'cast': {
      const { dtype } = e;
      const f = closure(e.arg);
      return (args) => castNumber(dtype, f(args));
    }
    case 'prim': {
      const [a, b, c] = e.args.map(closure);
      const { arity, meaning } = primitives[e.prim];
      if (e.prim === 'select') return (args) => (a(args) !== 0 ? b(args) : c(args));
      if (arity === 1) return (args) => meaning(a(args));
      if (arity === 2) return (args) => meaning(a(args), b(args));
      return (args) => meaning(a(args), b(args), c(args));
    }
  }
}
