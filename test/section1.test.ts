// What autograd does (section 1 of its description, by the names of test/fixtures/section-1.json): each feature by the tests that would fail
// without it, or the reason why it is not there. In: the tables of helpers/section1. Out: no feature without one, and every test exists.

import { readFileSync } from 'node:fs';
import test from 'ava';
import { isThere } from './helpers/section1/proof.ts';
import { recording } from './helpers/section1/recording.ts';
import { transforming } from './helpers/section1/transforming.ts';
import { missing, waiting } from './helpers/section1/waiting.ts';

/** Section -> feature -> S (in the first script), C (core) or A (advanced). */
const features = JSON.parse(
  readFileSync(new URL('./fixtures/section-1.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Readonly<Record<string, 'S' | 'C' | 'A'>>>>;

const held = { ...recording, ...transforming };

/** 'section / feature' of a table by section. */
const namesOf = (table: Readonly<Record<string, object>>): readonly string[] =>
  Object.entries(table).flatMap(([section, rows]) =>
    Object.keys(rows).map((feature) => `${section} / ${feature}`),
  );

test('every feature is held by tests or waits with a reason, and not both', (t) => {
  const answers = [...namesOf(held), ...namesOf(waiting)];
  t.deepEqual([...answers].sort(), [...namesOf(features)].sort());
});

test('only what is advanced waits', (t) => {
  const core = Object.entries(waiting).flatMap(([section, rows]) =>
    Object.keys(rows).filter((feature) => features[section][feature] !== 'A'),
  );
  t.deepEqual(core, []);
});

test('what is missing is a part of something that is held', (t) => {
  const names = namesOf(held);
  t.deepEqual(
    namesOf(missing).filter((name) => !names.includes(name)),
    [],
  );
});

test('a title, a mistake or an operator that does not exist is noticed', (t) => {
  for (const proof of [
    'autograd: there is no such test',
    'autograd: backward refuses nothing of this kind',
    'errors: no_such_mistake',
    'errors: version_counter_result',
    'conventions: no_such_operator',
  ])
    t.false(isThere(proof), proof);
});

for (const [section, rows] of Object.entries(held))
  for (const [feature, proofs] of Object.entries(rows))
    test(`${section.split(' ')[0]} ${feature} is held by tests`, (t) => {
      t.true(proofs.length > 0);
      t.deepEqual(
        proofs.filter((proof) => !isThere(proof)),
        [],
      );
    });
