// Text of HTML and SVG. In: pieces of markup and values. Out: markup in which every value is escaped, so that a name, a path or a source can
// hold anything.

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Markup that is not escaped again. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export const escape = (text: string): string => text.replace(/[&<>"']/g, (c) => entities[c]);

type Value = Markup | string | number | readonly Markup[];

const show = (value: Value): string =>
  value instanceof Markup
    ? value.text
    : Array.isArray(value)
      ? value.map((v: Markup) => v.text).join('')
      : escape(String(value));

/** Templates without the indentation of the source that they stand in, which would be a fifth of a page. */
const outdented = new WeakMap<TemplateStringsArray, readonly string[]>();

function outdent(parts: TemplateStringsArray): readonly string[] {
  let found = outdented.get(parts);
  if (found === undefined)
    outdented.set(parts, (found = parts.map((part) => part.replace(/\s*\n\s*/g, '\n'))));
  return found;
}

/** `` html`<p>${text}</p>` ``: texts and numbers are escaped, markup and lists of markup are not. */
export const html = (parts: TemplateStringsArray, ...values: readonly Value[]): Markup =>
  new Markup(outdent(parts).reduce((all, part, i) => all + show(values[i - 1]) + part));

export const empty = new Markup('');
