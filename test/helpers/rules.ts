// All rewrite rules that the files of ops/ bring, and how the simplifier is called with them. In: nothing; the folder is read, so a new
// family is found by itself.

import { readdirSync } from 'node:fs';

import type { Rule } from '../../compiler/rewrite.ts';
import type { SimplifyOptions } from '../../compiler/simplify.ts';
import { constant } from '../../ops/source.ts';
import { expand } from '../../ops/view.ts';

const folder = new URL('../../ops/', import.meta.url);

async function loadRules(): Promise<Rule[]> {
  const found = new Set<Rule>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const module = (await import(new URL(file, folder).href)) as { readonly rules?: readonly Rule[] };
    for (const rule of module.rules ?? []) found.add(rule);
  }
  return [...found];
}

export const allRules: readonly Rule[] = await loadRules();

export const simplifyOptions = (more: Partial<SimplifyOptions> = {}): SimplifyOptions => ({
  rules: allRules,
  makeConstant: (value, { shape, dtype }) => constant(value, dtype, shape),
  makeExpand: expand,
  ...more,
});
