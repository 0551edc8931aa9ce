// Where tangents part from gradients. In: where a gradient goes, and where a tangent comes from. Out: backward functions that lead a backward
// the one way and that of a jvp the other. They are needed for what is written in place under `noGrad` within a jvp: gradients do as if
// nothing had been written, while a tangent is that of what was.

import type { TensorType } from '../../compiler/node.ts';
import { GradFn } from './gradFn.ts';
import type { Edge, Rule } from './gradFn.ts';
import { followsTangents } from './mode.ts';

const nothingSaved = { saved: () => ({}), needsSaved: false, free() {} } as const;

const passed: Rule = { ...nothingSaved, pull: (gradients) => gradients };
const parted: Rule = {
  ...nothingSaved,
  pull: ([gradient]) => (followsTangents() ? [null, gradient] : [gradient, null]),
};

/** A way that only tangents take; null: there is no tangent at its end. */
export const forTangents = (edge: Edge | null, type: TensorType): Edge => ({
  fn: new GradFn('Tangent', [edge], [type], passed, null, true),
  index: 0,
});

/** A way to both. */
export const parting = (gradient: Edge, tangent: Edge, type: TensorType): Edge => ({
  fn: new GradFn('Parting', [gradient, tangent], [type], parted),
  index: 0,
});
