// A report: one page of HTML that needs nothing else. In: programs, each with a profile if it has one. Out: the text of the page.
//
// Pictures, sources and tables are there when the page is written, so that it can be read where scripts are forbidden; a small script
// (behaviour.ts) answers clicks and keys, and makes what nobody may ask for when somebody does: the lists of operations, the colours of
// sources. So a page of 2,000 operations opens soon. The policy in its head lets it load nothing.

import type { Origin } from '../../compiler/node.ts';
import type { Kernel, KernelProfile, Profile, Program, Stage } from '../program.ts';
import { behaviour } from './behaviour.ts';
import { Markup, empty, html } from './html.ts';
import { drawGraph, hueOf, sentenceOf } from './picture.ts';
import { structureOf } from './structure.ts';
import type { Operation, Structure } from './structure.ts';
import { style } from './style.ts';
import { drawTimeline, showLife } from './timeline.ts';
import { describeCounts, showBytes } from './words.ts';

export interface Reported {
  readonly program: Program;
  readonly profile: Profile | null;
}

export interface PageOptions {
  readonly title: string;
  /** The text of a source file as origins name it, or null where it cannot be read. */
  readonly readFile: (file: string) => string | null;
}

/** A line of the user's, without its indentation. */
type ReadLine = (origin: Origin) => string | null;

function lineReader(readFile: PageOptions['readFile']): ReadLine {
  const known = new Map<string, readonly string[] | null>();
  return ({ file, line }) => {
    if (file === '') return null;
    let lines = known.get(file);
    if (lines === undefined) known.set(file, (lines = readFile(file)?.split('\n') ?? null));
    return lines?.[line - 1]?.trim() ?? null;
  };
}

const placeOf = (o: Origin | null): string =>
  o === null || o.file === '' ? '' : `${o.file}:${o.line}:${o.column}`;

/** What many operations share is written once: a place, what was called there, and the text of the line. */
class Places {
  private readonly numbers = new Map<string, number>();
  readonly list: (readonly [place: string, call: string, line: string])[] = [];

  constructor(private readonly readLine: ReadLine) {}

  /** -1 for what comes from nowhere. */
  numberOf(origin: Origin | null): number {
    if (origin === null) return -1;
    const key = `${origin.op} ${placeOf(origin)}`;
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.list.push([placeOf(origin), origin.op, this.readLine(origin) ?? '']) - 1;
      this.numbers.set(key, number);
    }
    return number;
  }
}

/** What the page's script knows of one operation; its sentence is the beginning, so many characters, of what its box says aloud. */
const dataOf = (operations: readonly Operation[], places: Places): unknown[] =>
  operations.map((o) => ({
    length: sentenceOf(o, operations).length,
    place: places.numberOf(o.origin),
    inputs: o.inputs,
    kernels: o.kernels,
    computed: o.computed,
  }));

const swatch = (kernel: number): Markup =>
  html`<span class="swatch" style="--hue:${hueOf(kernel)}" aria-hidden="true"></span>`;

function graphSection(operations: readonly Operation[], id: string, title: string): Markup {
  const label = `${title}: ${operations.length} operations. Arrow keys go up to inputs, down to readers, left and right to neighbours; Enter shows the kernel.`;
  return html`<h3 id="${id}-title">${title} <span class="soft">· ${operations.length} operations</span></h3>
    <div class="tools" role="group" aria-label="Size of the picture">
      <button type="button" data-zoom="1.25" data-of="${id}" aria-label="Larger">+</button
      ><button type="button" data-zoom="0.8" data-of="${id}" aria-label="Smaller">−</button
      ><button type="button" data-zoom="1" data-of="${id}">100 %</button
      ><button type="button" data-zoom="0" data-of="${id}">Fit the width</button>
    </div>
    <div class="frame">${drawGraph(operations, id, label)}</div>
    <details data-list="${id}">
      <summary>${title} as a list</summary>
    </details>`;
}

/** `train.ts:12 softmax, mul` for the lines that a kernel computes, with their text. */
function linesOf({ origins }: Kernel, readLine: ReadLine): Markup[] {
  const byLine = new Map<string, { readonly origin: Origin; readonly ops: Set<string> }>();
  for (const origin of origins) {
    if (origin.file === '') continue;
    const key = `${origin.file}:${origin.line}`;
    const known = byLine.get(key) ?? { origin, ops: new Set() };
    known.ops.add(origin.op);
    byLine.set(key, known);
  }
  return [...byLine].map(([place, { origin, ops }]) => {
    const source = readLine(origin);
    return html`<li>
      <code>${place}</code>
      ${[...ops].join(', ')}${source === null ? '' : html` <code class="soft">${source}</code>`}
    </li>`;
  });
}

/** The first line of a kernel is a comment that says which loops it has. */
export const loopsOf = ({ source }: Kernel): string => source.split('\n')[0].replace('// ', '');

/** The first row of a table; columns of numbers stand to the right, null is a column of pictures. */
function heads(titles: readonly (string | null)[], numbers: readonly number[]): Markup {
  const cells = titles.map((title, c) => {
    if (title === null) return html`<td></td>`;
    return numbers.includes(c)
      ? html`<th scope="col" class="n">${title}</th>`
      : html`<th scope="col">${title}</th>`;
  });
  return html`<thead>
    <tr>
      ${cells}
    </tr>
  </thead>`;
}

const number = (x: number, digits = 2): string => x.toFixed(digits);

function profileSection({ kernels, time, runs, advice }: Profile, program: Program): Markup {
  const positions = new Map(program.kernels.map((k, i) => [k.name, i]));
  const row = ({ name, time: spent, share, flops, bytes, ofRoof, bound }: KernelProfile): Markup => {
    const k = positions.get(name) ?? 0;
    const percent = number(100 * share, 1);
    const rate = (amount: number): string => (spent === 0 ? '–' : number(amount / spent / 1e6));
    const id = `k${k} ${name}`;
    return html`<tr>
      <th scope="row" class="mono">${id}</th>
      <td class="n">${number(spent, 4)}</td>
      <td class="n">${percent} %</td>
      <td class="share">
        <span class="bar" style="--hue:${hueOf(k)};width:${percent}%" aria-hidden="true"></span>
      </td>
      <td class="n">${rate(flops)}</td>
      <td class="n">${rate(bytes)}</td>
      <td class="n">${number(100 * ofRoof, 0)} %</td>
      <td>${bound}</td>
    </tr> `;
  };
  const rows = [...kernels].sort((a, b) => b.time - a.time).map(row);
  const hints = advice.map((a) => html`<li><span class="mono">${a.kernel}</span>: ${a.text}</li>`);
  return html`<p>${number(time, 4)} ms per run, median of ${runs}, on the values of the last call.</p>
    <table class="profile">
      ${heads(['Kernel', 'ms', 'Share', null, 'Gflop/s', 'GB/s', 'Of the roof', 'Bound by'], [1, 2, 4, 5, 6])}
      <tbody>
        ${rows}
      </tbody>
    </table>
    ${
      advice.length > 0
        ? html`<p>What to try next:</p>
            <ul>
              ${hints}
            </ul>`
        : ''
    }`;
}

function kernelSection(k: Kernel, i: number, id: string, readLine: ReadLine): Markup {
  const lines = linesOf(k, readLine);
  return html`<article id="${id}" aria-labelledby="${id}-title">
    <h4 id="${id}-title">${swatch(i)}k${i} ${k.name}</h4>
    <p class="soft">
      ${loopsOf(k)} · ${k.counts ? describeCounts(k.counts) : `${k.flops.toLocaleString('en')} flops`} ·
      ${showBytes(k.bytes)} · reads ${k.reads.join(', ') || 'nothing'} · writes ${k.writes.join(', ')}
    </p>
    ${
      lines.length > 0
        ? html`<ul>
            ${lines}
          </ul>`
        : ''
    }
    <pre tabindex="0" aria-label="Source of ${k.name}"><code>${k.source}</code></pre>
  </article> `;
}

function memorySection(structure: Structure, program: Program): Markup {
  const { arenaBytes, inputBytes, outputBytes } = program.memory;
  const rows = structure.slots.map(
    ({ buffer, role, dtype, length, offset, bytes, from, to }) =>
      html`<tr>
        <th scope="row" class="mono">${buffer}</th>
        <td>${role}</td>
        <td class="n">${dtype} × ${length}</td>
        <td class="n">${offset}</td>
        <td class="n">${bytes}</td>
        <td>${showLife(from, to, program.kernels.length)}</td>
      </tr>`,
  );
  const key = ['input', 'output', 'temporary', 'scratch'].map(
    (role) => html`<span class="place ${role}">${role}</span>`,
  );
  return html`<p>
      Arena ${showBytes(arenaBytes)}; inputs ${showBytes(inputBytes)} and outputs ${showBytes(outputBytes)},
      of which what the caller holds (parameters, state) lies outside the arena.
    </p>
    <p class="key">${key}</p>
    <div class="frame">${drawTimeline(structure.slots, program.kernels.length, arenaBytes)}</div>
    <details>
      <summary>Memory as a table</summary>
      <table>
        ${heads(['Buffer', 'Role', 'Elements', 'Offset', 'Bytes', 'Needed in'], [2, 3, 4])}
        <tbody>
          ${rows}
        </tbody>
      </table>
    </details>`;
}

const stages: readonly Stage[] = ['graph', 'optimized', 'groups', 'nests', 'plan'];

function programSection(
  { program, profile }: Reported,
  structure: Structure,
  p: number,
  readLine: ReadLine,
): Markup {
  const id = `p${p}`;
  const kernels = program.kernels.map((k, i) => kernelSection(k, i, `${id}-k${i}`, readLine));
  const texts = stages.map(
    (stage) =>
      html`<details>
        <summary>${stage}</summary>
        <pre tabindex="0"><code>${program.explain(stage)}</code></pre>
      </details> `,
  );
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${program.name}</h2>
    <p class="soft">
      ${structure.before.length} operations, ${structure.after.length} after optimisation,
      ${program.kernels.length} kernels${profile ? `, ${number(profile.time, 4)} ms per run` : ''}
    </p>
    <div class="desk">
      <div>
        ${graphSection(structure.before, `${id}-before`, 'Graph before optimisation')}
        ${graphSection(structure.after, `${id}-after`, 'Graph after optimisation')}
      </div>
      <aside class="panel" id="${id}-panel" aria-label="The chosen operation" tabindex="0">
        <h3>No operation chosen</h3>
        <p>
          Choose one in a picture or a list: its kernel and your line appear here. Operations of one colour
          share a kernel, and <span class="mono">k0</span>, <span class="mono">k1</span>, … name it.
        </p>
      </aside>
    </div>
    <p class="skip" id="${id}-said" aria-live="polite"></p>
    <h3>Profile</h3>
    ${profile ? profileSection(profile, program) : html`<p>It has not been called, so there is nothing to measure it on.</p>`}
    <h3>Memory</h3>
    ${memorySection(structure, program)}
    <h3>Kernels <span class="soft">in the order of a run</span></h3>
    ${kernels}
    <h3>Stages as text</h3>
    ${texts}
  </section> `;
}

/** Where the interpreter works there are no stages. */
const nothing: Structure = { before: [], after: [], buffers: new Map(), slots: [] };

/** Data inside a page must not end its own element. */
const json = (value: unknown): Markup => new Markup(JSON.stringify(value).replaceAll('<', '\\u003c'));

export function reportPage(reported: readonly Reported[], { title, readFile }: PageOptions): string {
  const readLine = lineReader(readFile);
  const structures = reported.map(({ program }) => structureOf(program) ?? nothing);
  const places = new Places(readLine);
  const programs = reported.map(({ program }, p) => ({
    kernels: program.kernels.map((k) => k.name),
    before: dataOf(structures[p].before, places),
    after: dataOf(structures[p].after, places),
  }));
  const nav = reported.map(({ program }, p) => html`<li><a href="#p${p}">${program.name}</a></li>`);
  const sections = reported.map((r, p) => programSection(r, structures[p], p, readLine));
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
        />
        <title>${title} · gradloom</title>
        <link rel="icon" href="data:," />
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        <a class="skip" href="#p0">To the first program</a>
        <header>
          <h1>${title}</h1>
          <p class="soft">
            A gradloom report: ${reported.length === 1 ? 'one program' : `${reported.length} programs`}
          </p>
          ${
            reported.length > 1
              ? html`<nav aria-label="Programs">
                  <ul>
                    ${nav}
                  </ul>
                </nav>`
              : empty
          }
        </header>
        <main>${sections}</main>
        <script type="application/json" id="data">
          ${json({ places: places.list, programs })}
        </script>
        <script>
          ${new Markup(behaviour)};
        </script>
      </body>
    </html> `.text;
}
