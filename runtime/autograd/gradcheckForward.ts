// gradcheck's questions about forward mode besides its numbers. In: a function at its inputs. Out: nothing, or a message to `fail`: a tangent
// of zeros must count as none, and several tangents at once must give what one at a time does.

import { GradloomError } from '../../compiler/errors.ts';
import { zerosLike } from '../create.ts';
import { allclose } from '../compare.ts';
import { stack } from '../operators.ts';
import { randnLike } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { along } from './jacobianTable.ts';
import type { Evaluate } from './jacobianTable.ts';
import { jvp } from './forward.ts';
import { vmap } from './vmap.ts';

interface Given {
  readonly call: Evaluate;
  readonly inputs: readonly Tensor[];
  readonly wanted: readonly Tensor[];
}

/** Tangents of the outputs, given those of the inputs that have some. */
function tangentsOf({ call, inputs }: Given, tangents: ReadonlyMap<Tensor, Tensor>): readonly Tensor[] {
  const moving = [...tangents.keys()];
  const of = (...xs: Tensor[]): readonly Tensor[] =>
    call(inputs.map((x) => (tangents.has(x) ? xs[moving.indexOf(x)] : x.detach())));
  return jvp(
    of,
    moving.map((x) => x.detach()),
    [...tangents.values()],
  )[1];
}

/** An input whose tangent is zero, and one that has none, while the others have some. */
export function checkUndefinedTangents(given: Given, fail: (message: string) => never): void {
  const tangents = new Map(given.wanted.map((x) => [x, randnLike(x.detach())]));
  given.wanted.forEach((x, input) => {
    const zero = tangentsOf(given, new Map([...tangents, [x, zerosLike(x)]]));
    const absent = tangentsOf(given, new Map([...tangents].filter(([other]) => other !== x)));
    zero.forEach((got, output) => {
      if (!allclose(got, absent[output]))
        fail(
          `Mismatch in tangent values for output with index: ${output} when input: ${input} has an undefined tangent value.  ` +
            `Got: ${String(got)} but expected: ${String(absent[output])}`,
        );
    });
  });
}

const batchedFailed = 'gradcheck failed while testing batched gradient computation with forward-mode AD.';

/** Two tangents of each input under vmap, and one at a time. */
export function checkBatchedTangents(
  { call, inputs, wanted }: Given,
  fail: (message: string) => never,
): void {
  wanted.forEach((x, input) => {
    const of = along(call, inputs, x);
    const tangentsFor = (t: Tensor): readonly Tensor[] => jvp(of, [x.detach()], [t])[1];
    const [first, second] = [randnLike(x.detach()), randnLike(x.detach())];
    const [one, other] = [tangentsFor(first), tangentsFor(second)];
    let together: readonly Tensor[];
    try {
      together = vmap(tangentsFor)(stack([first, second]));
    } catch (error) {
      if (!(error instanceof GradloomError)) throw error;
      return fail(`While computing batched gradients, got: ${error.message}\n\n${batchedFailed}`);
    }
    together.forEach((got, output) => {
      const expected = stack([one[output], other[output]]);
      if (!allclose(got, expected))
        fail(
          `For output ${output} and input ${input}:\n\n${batchedFailed}\n\nGot:\n${String(got)}\n\nExpected:\n${String(expected)}`,
        );
    });
  });
}
