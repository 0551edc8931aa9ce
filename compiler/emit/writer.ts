// A text under construction, line by line, indented. Emitters read like what they emit.

export class Writer {
  private readonly lines: string[] = [];
  private depth = 0;

  line(text = ''): this {
    this.lines.push(text === '' ? '' : '  '.repeat(this.depth) + text);
    return this;
  }

  /** `head {`, the body, `}`. */
  block(head: string, body: () => void, tail = '}'): this {
    this.line(`${head} {`);
    this.depth++;
    body();
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
