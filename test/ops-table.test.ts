// The table of operators in the documentation. In: docs/operators.ts and docs/operators.md. Out: they say the same.

import { readFileSync } from 'node:fs';
import test from 'ava';
import { operatorTable } from '../docs/operators.ts';

test('docs/operators.md is what npm run docs prints', (t) => {
  const committed = readFileSync(new URL('../docs/operators.md', import.meta.url), 'utf8');
  t.deepEqual(committed.split('\n'), operatorTable().split('\n'));
});
