// Options as the formulas of a step read them. In: a group of parameters. Out: numbers as scalars that each run of a compiled step reads
// anew, so that a schedule needs no new program; and yes-or-no questions, whose answer a compiled step relies on: when it
// changes, the step is traced again.

import { guarded, liveNumber, tensor } from '../../runtime/public.ts';
import { Tensor } from '../../runtime/public.ts';

export interface Live<O> {
  readonly name: string;
  /** An option as a scalar, in float64 as PyTorch computes with plain numbers. `index`: of a list of numbers. */
  number(option: keyof O, index?: number): Tensor;
  /** True if an option is neither 0 nor false. */
  has(option: keyof O): boolean;
  /** The same options for a new step. */
  fresh(): Live<O>;
}

/** Options of `live`, as in PyTorch. */
export function liveOptions<O extends object>(group: O, name: string): Live<O> {
  const scalars = new Map<string, Tensor>();
  return {
    name,
    number(option, index) {
      const key = `${String(option)} ${index ?? ''}`;
      if (!scalars.has(key)) {
        const read = (): number =>
          Number(index === undefined ? group[option] : (group[option] as number[])[index]);
        const value = liveNumber(read, 'float64');
        scalars.set(key, value instanceof Tensor ? value : tensor(value, { dtype: 'float64' }));
      }
      return scalars.get(key)!;
    },
    has: (option) => guarded(`${String(option)} of ${name}`, () => Boolean(group[option])),
    fresh: () => liveOptions(group, name),
  };
}
