// The looks of a report, in light and dark.

export const style = `
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f24; --soft: #57606a; --line: #d0d7de; --panel: #f6f8fa; --accent: #0550ae;
  --keyword: #cf222e; --number: #0550ae; --string: #0a3069; --comment: #59636e; --call: #6639ba; --tint-s: 70%; --tint-l: 86%; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0d1117; --text: #e6edf3; --soft: #9da7b1; --line: #30363d; --panel: #161b22; --accent: #79c0ff;
    --keyword: #ff7b72; --number: #79c0ff; --string: #a5d6ff; --comment: #9198a1; --call: #d2a8ff; --tint-s: 42%; --tint-l: 26%; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem 1.5rem 4rem; max-width: 110rem; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.3rem; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; } h4 { font: 600 1rem ui-monospace, monospace; margin: 1rem 0 .25rem; }
p { margin: .25rem 0; } a, button.link { color: var(--accent); }
.soft { color: var(--soft); }
code, pre, .mono { font: 13px/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow: auto; margin: .5rem 0; max-height: 32rem; }
.keyword { color: var(--keyword); } .number { color: var(--number); } .string { color: var(--string); }
.comment { color: var(--comment); font-style: italic; } .call { color: var(--call); }
.skip { position: absolute; left: -999px; } .skip:focus { left: 1rem; top: .5rem; background: var(--ground); padding: .25rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .1rem .6rem; cursor: pointer; }
button.link { background: none; border: 0; padding: 0; text-align: start; font: 13px/1.45 ui-monospace, monospace; text-decoration: underline; }
.desk { display: grid; grid-template-columns: minmax(0, 1fr) minmax(22rem, 34rem); gap: 1.25rem; align-items: start; }
.panel { position: sticky; top: 1rem; max-height: calc(100vh - 2rem); overflow: auto; border: 1px solid var(--line); border-radius: 8px; padding: .75rem 1rem; }
.panel h3 { margin-top: 0; overflow-wrap: anywhere; } .panel dt { color: var(--soft); } .panel dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
@media (max-width: 60rem) { .desk { grid-template-columns: minmax(0, 1fr); } .panel { position: static; max-height: none; } }
.frame { overflow: auto; max-height: 70vh; border: 1px solid var(--line); border-radius: 8px; background: var(--panel); }
.tools { display: flex; gap: .5rem; align-items: center; margin: .25rem 0; }
svg { display: block; } svg text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: var(--text); }
.graph text { text-anchor: middle; pointer-events: none; } .graph .type { font-size: 10px; fill: var(--soft); }
.tinted .type { fill: var(--text); }
/* neither opacity nor dashes: with thousands of long edges each frame would take seconds to draw */
.edges path { fill: none; stroke: var(--soft); stroke-width: 1.2; stroke-opacity: .7; } .edges .far { stroke-opacity: .25; }
.edges .on { stroke: var(--accent); stroke-width: 2.5; stroke-opacity: 1; }
.op { cursor: pointer; } .op rect { fill: var(--ground); stroke: var(--soft); }
.op.tinted rect { fill: hsl(var(--hue) var(--tint-s) var(--tint-l)); stroke: hsl(var(--hue) 45% 50%); }
.op.tinted:not(.computed) rect { fill-opacity: .35; stroke-dasharray: 3 2; }
.op.output rect { stroke-width: 3; }
.op.same rect { stroke: var(--text); stroke-width: 2.5; }
.op[aria-pressed=true] rect { stroke: var(--accent); stroke-width: 4; }
.op:focus { outline: none; } .op:focus-visible rect { stroke: var(--accent); stroke-width: 4; stroke-dasharray: none; }
table { border-collapse: collapse; } th, td { text-align: start; padding: .15rem .75rem .15rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
.share { width: 18rem; } .bar { display: block; height: .9rem; border-radius: 3px; background: hsl(var(--hue) 55% 50%); min-width: 2px; }
.swatch { display: inline-block; width: .8em; height: .8em; border-radius: 3px; margin-inline-end: .35em;
  background: hsl(var(--hue) var(--tint-s) var(--tint-l)); border: 1px solid hsl(var(--hue) 45% 50%); }
.place rect { stroke: var(--ground); stroke-width: .5; } .place text { font-size: 10px; }
.place.input rect { fill: hsl(210 60% var(--place, 78%)); } .place.output rect { fill: hsl(140 45% var(--place, 74%)); }
.place.temporary rect { fill: hsl(35 75% var(--place, 76%)); } .place.scratch rect { fill: hsl(290 40% var(--place, 80%)); }
@media (prefers-color-scheme: dark) { .timeline, .key { --place: 32%; } }
.key span.place { display: inline-block; padding: 0 .5em; margin-inline-end: .5em; border-radius: 3px; }
.key .input { background: hsl(210 60% var(--place, 78%)); } .key .output { background: hsl(140 45% var(--place, 74%)); }
.key .temporary { background: hsl(35 75% var(--place, 76%)); } .key .scratch { background: hsl(290 40% var(--place, 80%)); }
.timeline .tick { text-anchor: middle; font-size: 10px; fill: var(--soft); } .timeline .scale { text-anchor: end; font-size: 10px; fill: var(--soft); }
article { content-visibility: auto; contain-intrinsic-size: auto 20rem; }
details { margin: .5rem 0; } summary { cursor: pointer; } ol.plain { padding-inline-start: 3.5rem; }
`;
