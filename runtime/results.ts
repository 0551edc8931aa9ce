// Calls with several results. In: the tensors of one call. Out: an array of them that also has PyTorch's names and prints as PyTorch's named
// tuples do: `const { values, indices } = x.max(0)`.

import type { Tensor } from './tensor.ts';

const picked = ['values', 'indices'] as const;

const resultNames = {
  max: picked,
  min: picked,
  median: picked,
  nanmedian: picked,
  mode: picked,
  kthvalue: picked,
  sort: picked,
  topk: picked,
  cummax: picked,
  cummin: picked,
  aminmax: ['min', 'max'],
  slogdet: ['sign', 'logabsdet'],
  qr: ['Q', 'R'],
  eigh: ['eigenvalues', 'eigenvectors'],
  svd: ['U', 'S', 'Vh'],
  lu: ['P', 'L', 'U'],
  luFactor: ['LU', 'pivots'],
  lstsq: ['solution', 'residuals', 'rank', 'singularValues'],
  histogram: ['hist', 'binEdges'],
} as const satisfies Record<string, readonly string[]>;

/** Functions that print under another name. */
const shownNames: Readonly<Record<string, string | undefined>> = {
  eigh: 'linalg_eigh',
  svd: 'linalg_svd',
  lu: 'linalg_lu',
  luFactor: 'linalg_lu_factor',
  lstsq: 'linalg_lstsq',
};

type Names = typeof resultNames;

export type Picked = readonly [Tensor, Tensor] & { readonly values: Tensor; readonly indices: Tensor };

/** The result type of a function: with its names, if it has any. */
export type NamedResults<Name, R> = Name extends keyof Names
  ? R extends readonly unknown[]
    ? R & { readonly [K in Names[Name][number]]: Tensor }
    : R
  : R;

const functionOf = new WeakMap<object, string>();

/** The function whose several results an array holds, if it is one that gives them names. */
export const nameOfResults = (tensors: object): string | undefined => functionOf.get(tensors);

/** The results of one call as an array, with their names if the function has any. */
export function namedResult(name: string, tensors: readonly Tensor[]): readonly Tensor[] {
  const names: readonly string[] | undefined = Object.hasOwn(resultNames, name)
    ? resultNames[name as keyof Names]
    : undefined;
  if (names === undefined) return tensors;
  functionOf.set(tensors, name);
  names.forEach((key, k) => Object.defineProperty(tensors, key, { value: tensors[k] }));
  const shown = shownNames[name] ?? name;
  const text = (): string =>
    `torch.return_types.${shown}(\n${names.map((key, k) => `${key}=${String(tensors[k])}`).join(',\n')})`;
  Object.defineProperty(tensors, 'toString', { value: text });
  Object.defineProperty(tensors, Symbol.for('nodejs.util.inspect.custom'), { value: text });
  return tensors;
}
