// Where the operations of a graph stand in its picture. In: sizes of boxes and who reads whom, in topological order. Out: places and the
// courses of edges.
//
// dagre draws layers well, but its time grows with the length of edges (a backward pass reads what a forward pass made long ago), and it
// recurses as deeply as a graph is long: a chain of 2,000 overflows the stack, and 2,000 operations with long edges take a minute and more.
// So long graphs are cut into bands of operations that follow each other; dagre lays out each, they stand below each other, and an edge
// from band to band is a curve.

import dagre from '@dagrejs/dagre';

export interface Box {
  readonly width: number;
  readonly height: number;
  /** Numbers of boxes before this one. */
  readonly inputs: readonly number[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly points: readonly Point[];
  /** True for an edge between bands. */
  readonly far: boolean;
}

export interface Layout {
  /** The middle of each box. */
  readonly places: readonly Point[];
  readonly edges: readonly Edge[];
  readonly width: number;
  readonly height: number;
}

/** A graph of so many boxes is one picture; dagre needs a tenth of a second for it, and its time then grows with the square. */
const whole = 120;
/** Boxes of one band of a longer one. 2,000 operations take a second so, in bands of 120 with the best order of layers six times as long. */
const bandLength = 60;
const gap = 36;
const margin = 12;

/** Lays out the boxes from `first` to before `end`; the edges among them. */
function layBand(
  boxes: readonly Box[],
  first: number,
  end: number,
  fast: boolean,
): { places: Point[]; edges: Edge[]; width: number; height: number } {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 14, ranksep: 26, marginx: margin, marginy: margin });
  graph.setDefaultEdgeLabel(() => ({}));
  for (let i = first; i < end; i++)
    graph.setNode(String(i), { width: boxes[i].width, height: boxes[i].height });
  for (let i = first; i < end; i++)
    for (const input of boxes[i].inputs) if (input >= first) graph.setEdge(String(input), String(i));
  dagre.layout(graph, { disableOptimalOrderHeuristic: fast });
  const places: Point[] = [];
  for (let i = first; i < end; i++) {
    const { x, y } = graph.node(String(i)) as Point;
    places.push({ x, y });
  }
  const edges = (graph.edges() as { v: string; w: string }[]).map(({ v, w }): Edge => {
    const { points } = graph.edge(v, w) as { points: readonly Point[] };
    return { from: Number(v), to: Number(w), points, far: false };
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { places, edges, width, height };
}

export function layOut(boxes: readonly Box[]): Layout {
  const bands = [];
  const count = boxes.length <= whole ? 1 : Math.ceil(boxes.length / bandLength);
  for (let b = 0; b < count; b++) {
    const cut = (n: number): number => Math.round((n * boxes.length) / count);
    bands.push(layBand(boxes, cut(b), cut(b + 1), count > 1));
  }
  const width = Math.max(...bands.map((b) => b.width));
  const places: Point[] = [];
  const edges: Edge[] = [];
  const bandOf: number[] = [];
  let top = 0;
  bands.forEach((band, b) => {
    const left = (width - band.width) / 2;
    const move = ({ x, y }: Point): Point => ({ x: x + left, y: y + top });
    for (const place of band.places) {
      places.push(move(place));
      bandOf.push(b);
    }
    for (const edge of band.edges) edges.push({ ...edge, points: edge.points.map(move) });
    top += band.height + gap;
  });
  boxes.forEach((box, to) => {
    for (const from of new Set(box.inputs)) {
      if (bandOf[from] === bandOf[to]) continue;
      const start = { x: places[from].x, y: places[from].y + boxes[from].height / 2 };
      const end = { x: places[to].x, y: places[to].y - box.height / 2 };
      edges.push({ from, to, points: [start, end], far: true });
    }
  });
  return { places, edges, width, height: Math.max(0, top - gap) };
}
