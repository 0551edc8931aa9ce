// The parser of generated sources: acorn, loaded when something asks for it. In: nothing. Out: a function from a source, which is the body
// of a function, to its syntax tree (ESTree); null where there is no acorn to load (a browser).

import type { Program, parse } from 'acorn';
import { loadPackage } from './environment.ts';

export type Parser = (source: string) => Program;

let loaded: Parser | null | undefined;

/** The parser, or null. Loading it takes about 10 ms, once. */
export function sourceParser(): Parser | null {
  if (loaded !== undefined) return loaded;
  const acorn = loadPackage('acorn') as { readonly parse: typeof parse } | null;
  loaded = acorn && ((source) => acorn.parse(source, parseOptions));
  return loaded;
}

const parseOptions = {
  ecmaVersion: 2022,
  sourceType: 'script',
  allowReturnOutsideFunction: true,
} as const;
