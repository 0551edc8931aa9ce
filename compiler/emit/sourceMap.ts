// Source maps: from the lines of a generated source to those of the user's program. In: an origin per generated line. Out: the JSON of a
// source map, version 3 (ECMA-426). Debuggers, stack traces and profilers then show the model's line for a kernel's.

import type { Origin } from '../node.ts';

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** A whole number in base 64, variable length: the sign is the lowest bit, then five bits a digit, the lowest first; a sixth says that more follow. */
export function vlq(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = '';
  do {
    const low = rest & 31;
    rest >>>= 5;
    text += digits[rest > 0 ? low | 32 : low];
  } while (rest > 0);
  return text;
}

/** `x = `, `x[i] += `: what a line computes for others than the next lines. */
const effect = /^\s*[\w$]+(?:\[.*\])? [+*]?= /;

/**
 * Lines without a place get that of the block around them, if all that the block assigns has one and the same: the loops of an epilogue
 * belong to its operation. The others get `otherwise`.
 */
export function placeLines(
  lines: readonly string[],
  origins: readonly (Origin | null)[],
  otherwise: Origin | null,
): (Origin | null)[] {
  const placed = origins.map((o) => (o !== null && o.file !== '' ? o : null));
  const open: { readonly start: number; readonly found: Set<Origin | null> }[] = [];
  lines.forEach((line, i) => {
    if (line.trimStart().startsWith('//')) return; // may hold anything
    if (line.endsWith(' {')) open.push({ start: i, found: new Set() });
    else if (effect.test(line)) for (const { found } of open) found.add(placed[i]);
    else if (line.trim() === '}') {
      const { start, found } = open.pop()!;
      const [origin] = found;
      if (found.size === 1 && origin !== null) for (let k = start; k <= i; k++) placed[k] ??= origin;
    }
  });
  return placed.map((o) => o ?? otherwise);
}

/**
 * The map of a source, or null if none of its lines has a place. `lines` counts from the first line of the script, `addressOf` makes a
 * URL of a file as origins name it. Whole lines are mapped; a line without an origin belongs to nobody.
 */
export function sourceMap(
  lines: readonly (Origin | null)[],
  addressOf: (file: string) => string,
): string | null {
  const files = new Map<string, number>();
  let [lastFile, lastLine, lastColumn] = [0, 0, 0];
  let before: Origin | null = null;
  const mappings = lines.map((origin) => {
    const outside = before === null;
    before = origin !== null && origin.file !== '' ? origin : null;
    if (before === null) return outside ? '' : 'A'; // from here on, nothing
    const { file, line, column } = before;
    if (!files.has(file)) files.set(file, files.size);
    const number = files.get(file) as number;
    const segment =
      vlq(0) + vlq(number - lastFile) + vlq(line - 1 - lastLine) + vlq(Math.max(0, column - 1) - lastColumn);
    [lastFile, lastLine, lastColumn] = [number, line - 1, Math.max(0, column - 1)];
    return segment;
  });
  if (files.size === 0) return null;
  return JSON.stringify({
    version: 3,
    sources: [...files.keys()].map(addressOf),
    names: [],
    mappings: mappings.join(';'),
  });
}
