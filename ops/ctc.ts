// Connectionist temporal classification over one sequence (Graves et al., "Connectionist temporal classification", 2006). In: log-probabilities
// [steps, classes] and the labels of a target. Out: the log-probability of all ways to read the target, where each class stands in them
// (its derivative), and how that changes along a direction (the second derivative).
//
// The target is read as blank, label, blank, label, ..., blank: 2 * labels + 1 states. A step stays, goes on by one, or skips a blank
// between two labels that differ. All of it is in logarithms; a tangent runs along with every value, as in forward-mode differentiation.

export interface Reading {
  /** log p[step * stride + class], and its tangent. */
  readonly log: (step: number, label: number) => number;
  readonly tangent: (step: number, label: number) => number;
  readonly steps: number;
  readonly labels: readonly number[];
  readonly blank: number;
}

/** log(sum of exp(x)) of a few values with the tangent of it: the mean of the tangents, weighted with exp(x - result). */
function logSum(values: readonly number[], tangents: readonly number[]): readonly [number, number] {
  const top = Math.max(...values);
  if (top === -Infinity) return [-Infinity, 0];
  let [total, slope] = [0, 0];
  values.forEach((value, i) => {
    const weight = Math.exp(value - top);
    total += weight;
    if (weight > 0) slope += weight * tangents[i];
  });
  return [top + Math.log(total), slope / total];
}

interface Table {
  readonly value: Float64Array;
  readonly tangent: Float64Array;
}

/** For each step and state the log-probability of all ways that lead there (or, `backward`, of all that lead on from there), inclusive. */
function sweepStates({ log, tangent, steps, labels, blank }: Reading, backward: boolean): Table {
  const states = 2 * labels.length + 1;
  const read = backward ? [...labels].reverse() : labels;
  const labelOf = (state: number): number => (state % 2 === 0 ? blank : read[(state - 1) / 2]);
  const skips = (state: number): boolean =>
    state % 2 === 1 && state > 1 && labelOf(state) !== labelOf(state - 2);
  const table = { value: new Float64Array(steps * states), tangent: new Float64Array(steps * states) };
  // walked from the end it is the same recurrence over the reversed target
  const at = (t: number, state: number): number =>
    backward ? (steps - 1 - t) * states + states - 1 - state : t * states + state;
  for (let t = 0; t < steps; t++)
    for (let state = 0; state < states; state++) {
      const step = backward ? steps - 1 - t : t;
      const from = state === 0 ? [0] : skips(state) ? [0, 1, 2] : [0, 1];
      const [before, slope] =
        t === 0
          ? [state < 2 ? 0 : -Infinity, 0]
          : logSum(
              from.map((by) => table.value[at(t - 1, state - by)]),
              from.map((by) => table.tangent[at(t - 1, state - by)]),
            );
      table.value[at(t, state)] = before + log(step, labelOf(state));
      table.tangent[at(t, state)] = slope + tangent(step, labelOf(state));
    }
  return table;
}

/** The log-probability of the target with its tangent, -Infinity if it cannot be read in that many steps. */
function total({ steps, labels }: Reading, { value, tangent }: Table): readonly [number, number] {
  if (steps === 0) return [labels.length === 0 ? 0 : -Infinity, 0];
  const last = steps * (2 * labels.length + 1) - 1;
  const ends = labels.length === 0 ? [last] : [last, last - 1];
  return logSum(
    ends.map((i) => value[i]),
    ends.map((i) => tangent[i]),
  );
}

export const logProbability = (reading: Reading): number => total(reading, sweepStates(reading, false))[0];

/**
 * Adds to `add(step, class, ...)` how probable it is, given the target, that the class is read at the step, and the tangent of that.
 * False if the target cannot be read.
 */
export function occupancy(
  reading: Reading,
  add: (step: number, label: number, probability: number, tangent: number) => void,
): boolean {
  const { log, tangent, steps, labels, blank } = reading;
  const ahead = sweepStates(reading, false);
  const [all, slope] = total(reading, ahead);
  if (all === -Infinity) return false;
  const behind = sweepStates(reading, true);
  const states = 2 * labels.length + 1;
  for (let step = 0; step < steps; step++)
    for (let state = 0; state < states; state++) {
      const i = step * states + state;
      const label = state % 2 === 0 ? blank : labels[(state - 1) / 2];
      const both = ahead.value[i] + behind.value[i];
      if (both === -Infinity) continue;
      const probability = Math.exp(both - log(step, label) - all);
      add(
        step,
        label,
        probability,
        probability * (ahead.tangent[i] + behind.tangent[i] - tangent(step, label) - slope),
      );
    }
  return true;
}
