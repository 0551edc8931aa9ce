// Cells: the identity of what a tensor stores. In: values, lazy (a node) or computed (a buffer). Out: the node through which the graph
// reads a cell now. Tensors that share memory in PyTorch (`x`, `x.detach()`, `x.data`, views of it) share a cell here, and a write
// gives the cell a new value: nodes that were built before keep the one they read.
//
// A buffer enters the graph through its leaf, one input node. Compiled programs overwrite some buffers in place: the homes of cells, and
// gradients that nobody has looked at. Whoever took the leaf of such a buffer before gets a copy of what it held (`beforeOverwrite`),
// made only if there is a taker; and no other cell may hold the buffer itself.

import { numel } from '../compiler/shape.ts';
import type { Node, TensorType } from '../compiler/node.ts';
import { input } from '../ops/source.ts';
import { allocateHome } from './arena.ts';
import { allocate, copyOf } from './buffer.ts';
import type { TypedArray } from './buffer.ts';
import { noteMade, refuseEffect } from './pure.ts';
import { activeTrace, refuseEscaped, touchCell } from './trace.ts';
import type { Trace } from './trace.ts';

/** Computed elements, row-major. */
export class Buffer {
  /** The node that reads this buffer, once somebody asked for it. */
  leaf: Node | null = null;

  constructor(
    readonly type: TensorType,
    readonly array: TypedArray,
    /** Set if programs overwrite it in place: what keeps its memory from being given to others. */
    readonly keeper: object | null,
  ) {}
}

/** The place where programs read and write the value of a cell. */
export interface Home extends Buffer {
  /** The cell that lives here. */
  tenant: Cell;
}

export class Cell {
  /** Counts in-place writes: PyTorch's version counter. */
  version = 0;
  /** The place that compiled programs read and write directly, once there is one. */
  home: Home | null = null;

  constructor(
    readonly type: TensorType,
    public value: Node | Buffer,
    /** The length of the longest chain of nodes that have not been computed. */
    public depth: number,
    /** The trace in which it was made. */
    readonly trace: Trace | null,
  ) {}
}

export const makeBuffer = (
  type: TensorType,
  array: TypedArray = allocate(type.dtype, numel(type.shape)),
  keeper: object | null = null,
): Buffer => new Buffer(type, array, keeper);

export const isBuffer = (value: Node | Buffer): value is Buffer => 'array' in value;

export function makeCell(value: Node | Buffer, depth = 0): Cell {
  const cell = new Cell(value.type, value, depth, activeTrace());
  noteMade(cell);
  return cell;
}

/** Nodes that have been computed: leaves, and lazy nodes that a program has evaluated. Graphs are cut there. */
const computed = new WeakMap<Node, Buffer>();

export const bufferOf = (node: Node): Buffer | undefined => computed.get(node);
export const remember = (node: Node, buffer: Buffer): void => void computed.set(node, buffer);

/** The input node that reads a buffer. */
export function leafOf(buffer: Buffer): Node {
  if (buffer.leaf === null) {
    buffer.leaf = input(buffer.type);
    computed.set(buffer.leaf, buffer);
  }
  return buffer.leaf;
}

/** To be called before a cell is used: a trace notes cells of the outside, and cells of a trace must not be used after it. */
function reach(cell: Cell): void {
  const trace = activeTrace();
  if (cell.trace === trace) return;
  if (cell.trace !== null) refuseEscaped();
  touchCell(trace!, cell);
}

/** The node of a cell's present value. In a trace, cells of the outside are read through a placeholder. */
export function nodeOf(cell: Cell): Node {
  reach(cell);
  return isBuffer(cell.value) ? leafOf(cell.value) : cell.value;
}

/** Gives a cell a new value: an in-place write. */
export function writeCell(cell: Cell, value: Node | Buffer, depth = 0): void {
  reach(cell);
  refuseEffect(cell);
  cell.value = value;
  cell.depth = depth;
  cell.version++;
}

/** The computed elements of a cell, if there are any. */
export function bufferOfCell(cell: Cell): Buffer | null {
  if (cell.trace !== null && cell.trace !== activeTrace()) refuseEscaped();
  if (isBuffer(cell.value)) return cell.value;
  const buffer = computed.get(cell.value);
  if (buffer === undefined) return null;
  if (buffer.keeper === null) cell.value = buffer;
  cell.depth = 0;
  return buffer;
}

/** To be called before the elements of a buffer are overwritten: those who read it keep a copy of what it holds. */
export function beforeOverwrite(buffer: Buffer): void {
  const { leaf } = buffer;
  if (leaf === null) return;
  computed.set(leaf, { ...copyOfBuffer(buffer), leaf });
  buffer.leaf = null;
}

const copyOfBuffer = ({ type, array }: Buffer): Buffer => makeBuffer(type, copyOf(array));

/** Gives a cell elements of its own if those it holds belong to a program, which will overwrite them: nobody had looked at them yet. */
export function keepElements(cell: Cell): void {
  const { value } = cell;
  if (isBuffer(value) && value.keeper !== null && value !== cell.home) cell.value = copyOfBuffer(value);
}

/** A home for a cell, in memory that stays where it is; empty until the cell moves in. */
export function makeHome(cell: Cell): Home {
  const { dtype, shape } = cell.type;
  const keeper = {};
  return { ...makeBuffer(cell.type, allocateHome(dtype, numel(shape), keeper), keeper), tenant: cell };
}

/** Makes a cell live in a home, with the elements that it has. Another cell that lived there moves out. */
export function moveInto(home: Home, cell: Cell, elements: TypedArray): void {
  const { tenant } = home;
  if (tenant !== cell) {
    if (tenant.value === home) tenant.value = copyOfBuffer(home);
    if (tenant.home === home) tenant.home = null;
    home.tenant = cell;
  }
  beforeOverwrite(home);
  home.array.set(elements);
  cell.home = home;
  cell.value = home;
  cell.depth = 0;
}
