// Colours for a source. In: JavaScript. Out: the same text with its tokens marked, as acorn finds them.

import { tokenizer, tokTypes } from 'acorn';
import type { Comment, Token } from 'acorn';
import type { Markup } from './html.ts';
import { html } from './html.ts';

/** A stretch of the text, and its kind as a class of CSS; plain text is not marked. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly kind: 'comment' | 'keyword' | 'number' | 'string' | 'call';
}

function kindOf({ type }: Token, next: Token | undefined): Stretch['kind'] | null {
  if (type === tokTypes.num) return 'number';
  if (type === tokTypes.string) return 'string';
  if (type.keyword !== undefined) return 'keyword';
  if (type === tokTypes.name && next?.type === tokTypes.parenL) return 'call';
  return null;
}

/** `let` is a name to a tokenizer, because it once was one. */
const isLet = (text: string, { start, end }: Token): boolean => text.slice(start, end) === 'let';

export function highlight(source: string): Markup {
  const comments: Comment[] = [];
  const tokens = [...tokenizer(source, { ecmaVersion: 2022, onComment: comments })];
  const stretches: Stretch[] = [
    ...comments.map(({ start, end }): Stretch => ({ start, end, kind: 'comment' })),
    ...tokens.flatMap((token, i): Stretch[] => {
      const kind = isLet(source, token) ? 'keyword' : kindOf(token, tokens[i + 1]);
      return kind === null ? [] : [{ start: token.start, end: token.end, kind }];
    }),
  ].sort((a, b) => a.start - b.start);
  let at = 0;
  const parts: Markup[] = [];
  for (const { start, end, kind } of stretches) {
    parts.push(html`${source.slice(at, start)}<span class="${kind}">${source.slice(start, end)}</span>`);
    at = end;
  }
  return html`${parts}${source.slice(at)}`;
}
