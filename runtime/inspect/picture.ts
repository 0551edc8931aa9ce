// A graph as a picture. In: its operations. Out: SVG whose boxes can be reached by keyboard and say aloud what they show, coloured by the
// kernel that computes them.

import { Markup, html } from './html.ts';
import { layOut } from './layout.ts';
import type { Edge, Layout } from './layout.ts';
import type { Operation } from './structure.ts';

const height = 36;
/** Widths of one character of the two lines of a box, in units of the picture; the font is monospaced. */
const wide = 7.3;
const narrow = 6.1;

/** What a box says in its first line: its operation, and its kernel by number, so that nobody depends on colours. */
export const titleOf = ({ op, kernels, computed }: Operation): string =>
  computed && kernels.length > 0 ? `${op} · k${kernels.join(' k')}` : op;

/** One operation in words: `c: float32[8, 1] = amax a {max over 1, keepdim}`. */
export function sentenceOf(operation: Operation, all: readonly Operation[]): string {
  const { name, type, op, inputs, detail, role } = operation;
  if (role === 'input') return `${name}: ${type}, an input`;
  const words = [op, ...inputs.map((i) => all[i].name)].join(' ');
  return `${name}: ${type} = ${words}${detail ? ` {${detail}}` : ''}${role === 'output' ? ', an output' : ''}`;
}

/** Kernels in turn get colours far apart: by the golden angle. */
export const hueOf = (kernel: number): number => Math.round((kernel * 137.508) % 360);

const widthOf = (o: Operation): number => {
  const type = `${o.name}: ${o.type}`;
  return Math.round(Math.max(titleOf(o).length * wide, type.length * narrow) + 18);
};

const round = (x: number): number => Math.round(x * 10) / 10;

/** A smooth line: through the middles between points, bent by the points. */
function course({ points, far }: Edge): string {
  const [start, ...rest] = points;
  const end = rest[rest.length - 1];
  if (far) {
    const bend = Math.max(40, (end.y - start.y) / 3);
    return `M${round(start.x)} ${round(start.y)}C${round(start.x)} ${round(start.y + bend)} ${round(end.x)} ${round(end.y - bend)} ${round(end.x)} ${round(end.y)}`;
  }
  let path = `M${round(start.x)} ${round(start.y)}`;
  for (let i = 0; i + 1 < rest.length; i++) {
    const [p, q] = [rest[i], rest[i + 1]];
    path += `Q${round(p.x)} ${round(p.y)} ${round((p.x + q.x) / 2)} ${round((p.y + q.y) / 2)}`;
  }
  return `${path}L${round(end.x)} ${round(end.y)}`;
}

const drawEdge = (edge: Edge): Markup =>
  html`<path${edge.far ? new Markup(' class="far"') : ''}
    data-edge="${edge.from} ${edge.to}"
    d="${course(edge)}"
  />`;

function drawBox(o: Operation, i: number, all: readonly Operation[], layout: Layout, id: string): Markup {
  const { x, y } = layout.places[i];
  const width = widthOf(o);
  const own = o.computed || o.kernels.length === 1 ? o.kernels[0] : undefined;
  const classes = `op ${o.role}${o.computed ? ' computed' : ''}`;
  const colour = own === undefined || o.role === 'input' ? '' : new Markup(` style="--hue:${hueOf(own)}"`);
  const tinted = colour === '' ? classes : `${classes} tinted`;
  const kernel =
    o.kernels.length === 0 ? '' : `, ${o.computed ? 'in' : 'read by'} kernel ${o.kernels.join(', ')}`;
  const line = o.origin === null || o.origin.file === '' ? '' : `, ${o.origin.file} line ${o.origin.line}`;
  return html`<g
    class="${tinted}"
    id="${id}-${i}"
    role="button"
    tabindex="${i === 0 ? 0 : -1}"
    aria-pressed="false"
    aria-label="${sentenceOf(o, all)}${kernel}${line}"
    transform="translate(${round(x - width / 2)} ${round(y - height / 2)})"
    ${colour}
    ><rect width="${width}" height="${height}" rx="${o.role === 'input' ? 18 : 5}" /><text
      x="${width / 2}"
      y="15"
      >${titleOf(o)}</text
    ><text class="type" x="${width / 2}" y="29">${o.name}: ${o.type}</text></g
  > `;
}

/** The picture; its boxes have the ids `<id>-<number>`. */
export function drawGraph(operations: readonly Operation[], id: string, label: string): Markup {
  const layout = layOut(operations.map((o) => ({ width: widthOf(o), height, inputs: o.inputs })));
  const [w, h] = [Math.max(1, Math.ceil(layout.width)), Math.max(1, Math.ceil(layout.height))];
  return html`<svg
    class="graph"
    id="${id}"
    role="group"
    aria-label="${label}"
    viewBox="0 0 ${w} ${h}"
    width="${w}"
    height="${h}"
  >
    <g class="edges" aria-hidden="true">${layout.edges.map(drawEdge)}</g>
    ${operations.map((o, i) => drawBox(o, i, operations, layout, id))}
  </svg>`;
}
