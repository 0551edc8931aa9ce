// A text under construction, line by line, indented, each with the user's line that it computes. Emitters read like what they emit.

import type { Origin } from '../node.ts';

export class Writer {
  readonly lines: string[] = [];
  /** For each line the origin that it was written with. */
  readonly origins: (Origin | null)[] = [];
  private depth = 0;

  line(text = '', origin: Origin | null = null): this {
    this.lines.push(text === '' ? '' : '  '.repeat(this.depth) + text);
    this.origins.push(origin);
    return this;
  }

  /** The lines of another text, with their origins; `otherwise` is that of lines that have none. */
  append(other: Writer, otherwise: Origin | null = null): this {
    other.lines.forEach((text, i) => {
      const origin = other.origins[i];
      this.line(text, origin === null || origin.file === '' ? otherwise : origin);
    });
    return this;
  }

  /** The same lines, each changed. */
  mapped(change: (line: string) => string): Writer {
    const result = new Writer();
    result.lines.push(...this.lines.map(change));
    result.origins.push(...this.origins);
    return result;
  }

  /** `head {`, the body, `}`. */
  block(head: string, body: (w: this) => void, tail = '}'): this {
    this.line(`${head} {`);
    this.depth++;
    body(this);
    this.depth--;
    return this.line(tail);
  }

  /** Text for a comment: nothing in it can end the comment or the line. */
  comment(text: string): this {
    return this.line(`// ${safeComment(text)}`);
  }

  toString(): string {
    return `${this.lines.join('\n')}\n`;
  }
}

/** What a user typed can only ever stand in a line comment: line ends of every kind become spaces. */
export const safeComment = (text: string): string =>
  text.replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029]+/g, ' ').replaceAll('*/', '* /');
