// How a feature of section 1 is held. In: 'file: title', 'errors: id' or 'conventions: operator'. Out: whether there is such a test: a title as it
// stands in the file, or one that a template of the file makes of a text that stands there, too.

import { readFileSync } from 'node:fs';

/** Features of a section -> what holds each. */
export type Section = Readonly<Record<string, readonly string[]>>;

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

const sources = new Map<string, string>();
function sourceOf(file: string): string {
  const known = sources.get(file) ?? read(`../../${file}.test.ts`);
  sources.set(file, known);
  return known;
}

const quoted = (text: string): string => (text.includes("'") ? `"${text}"` : `'${text}'`);
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The titles of a file that are templates, as patterns whose groups are what is filled in. */
const templatesOf = (source: string): readonly RegExp[] =>
  [...source.matchAll(/\btest(?:\.serial)?\(`([^`]*)`/g)].map(
    ([, template]) =>
      new RegExp(
        `^${template
          .split(/\$\{[^}]*\}/)
          .map(escaped)
          .join('(.+)')}$`,
      ),
  );

function hasTitle(file: string, title: string): boolean {
  const source = sourceOf(file);
  if (['test(', 'test.serial('].some((call) => source.includes(call + quoted(title)))) return true;
  return templatesOf(source).some((template) => {
    const filled = template.exec(title)?.slice(1) ?? [];
    return filled.length > 0 && filled.every((text) => source.includes(quoted(text)));
  });
}

const operators = new Set(
  (
    JSON.parse(read('../../fixtures/gradient-conventions.json')) as { cases: readonly { op: string }[] }
  ).cases.map((c) => c.op),
);

/** Whether `proof` names a test that exists, and that is not the reason why there is none. */
export function isThere(proof: string): boolean {
  const at = proof.indexOf(': ');
  const [file, what] = [proof.slice(0, at), proof.slice(at + 2)];
  if (file === 'conventions') return operators.has(what);
  if (file === 'errors')
    return new RegExp(`^  ${escaped(what)}(:(?! \\{ falls)|\\()`, 'm').test(sourceOf('errors'));
  return hasTitle(file.replace(/\.test$/, ''), what);
}
