// The memory of a program over time. In: where each buffer lies in the arena, and in which kernels it is needed. Out: SVG, kernels from left to
// right and bytes from top to bottom.

import type { Markup } from './html.ts';
import { html } from './html.ts';
import { showBytes } from './words.ts';
import type { SlotView } from '../../compiler/explain.ts';

const [left, top, tall] = [84, 8, 260];

/** `kernel 2 to 5`, or the whole run. */
export function showLife(from: number, to: number, kernels: number): string {
  if (from < 0 && to >= kernels) return 'the whole run';
  const end = to >= kernels ? 'the end' : `kernel ${to}`;
  if (from < 0) return `the start to ${end}`;
  return from === to ? `kernel ${from}` : `kernel ${from} to ${end}`;
}

export function drawTimeline(slots: readonly SlotView[], kernels: number, arenaBytes: number): Markup {
  const steps = kernels + 2; // before the first, and after the last
  const step = Math.max(14, Math.min(90, 860 / steps));
  const width = left + steps * step + 8;
  const x = (time: number): number => left + (time + 1) * step;
  const y = (bytes: number): number => top + (bytes / Math.max(1, arenaBytes)) * tall;
  const boxes = slots.map(({ buffer, role, offset, bytes, from, to }) => {
    const w = (to - from + 1) * step - 1;
    const h = Math.max(2, y(offset + bytes) - y(offset) - 0.5);
    const words = `${buffer}: ${showBytes(bytes)}, ${showLife(from, to, kernels)}`;
    const room = h >= 13 && w >= buffer.length * 6.4 + 6;
    const name = room ? html`<text x="${x(from) + 4}" y="${y(offset) + 11}">${buffer}</text>` : '';
    return html`<g class="place ${role}"
      ><title>${words}</title><rect x="${x(from)}" y="${y(offset)}" width="${w}" height="${h}" />${name}</g
    > `;
  });
  const everyOther = Math.ceil(24 / step);
  const ticks = Array.from({ length: kernels }, (_, i) => i).flatMap((i) =>
    i % everyOther === 0
      ? [html`<text class="tick" x="${x(i) + step / 2}" y="${top + tall + 16}">k${i}</text>`]
      : [],
  );
  const scale = [0, 0.5, 1].map(
    (part) =>
      html`<text class="scale" x="${left - 6}" y="${top + part * tall + 4}"
        >${showBytes(part * arenaBytes)}</text
      >`,
  );
  const label = `Memory over time: ${slots.length} buffers in ${showBytes(arenaBytes)}`;
  return html`<svg
    class="timeline"
    role="img"
    aria-label="${label}"
    viewBox="0 0 ${width} ${top + tall + 24}"
    width="${width}"
    height="${top + tall + 24}"
  >
    ${boxes}${ticks}${scale}
  </svg>`;
}
