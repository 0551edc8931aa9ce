// Element types. In: names of dtypes. Out: what they can hold, how wide they are, and which dtype a mixture of operands
// computes in. The table is the only place that knows them; everything else asks it.

/** The element types. */
export type DType = 'float32' | 'float64' | 'int32' | 'uint8' | 'bool';

/** Promotion never crosses down a category: bool < int < float (PyTorch, "type promotion documentation"). */
export type Category = 'bool' | 'int' | 'float';

export interface DTypeInfo {
  readonly category: Category;
  readonly bytes: number;
  /** What PyTorch calls it in messages: "expected scalar type Float". */
  readonly torchName: string;
  /** Smallest and largest finite value. */
  readonly lowest: number;
  readonly highest: number;
}

const float32Max = 3.4028234663852886e38;

export const dtypes: Readonly<Record<DType, DTypeInfo>> = {
  float32: { category: 'float', bytes: 4, torchName: 'Float', lowest: -float32Max, highest: float32Max },
  float64: {
    category: 'float',
    bytes: 8,
    torchName: 'Double',
    lowest: -Number.MAX_VALUE,
    highest: Number.MAX_VALUE,
  },
  int32: { category: 'int', bytes: 4, torchName: 'Int', lowest: -2147483648, highest: 2147483647 },
  uint8: { category: 'int', bytes: 1, torchName: 'Byte', lowest: 0, highest: 255 },
  bool: { category: 'bool', bytes: 1, torchName: 'Bool', lowest: 0, highest: 1 },
};

/** True for the name of a dtype. */
export const isDType = (name: unknown): name is DType =>
  typeof name === 'string' && Object.hasOwn(dtypes, name);
export const isFloat = (dtype: DType): boolean => dtypes[dtype].category === 'float';
export const isInteger = (dtype: DType): boolean => dtypes[dtype].category === 'int';

/** PyTorch's default float, and our default integer. */
export const defaultFloat: DType = 'float32';
export const defaultInt: DType = 'int32';

const rank: Readonly<Record<DType, number>> = { bool: 0, uint8: 1, int32: 2, float32: 3, float64: 4 };

/** The smaller dtype that holds both, for two operands of equal standing. uint8 with int32 is int32. */
export const promote = (a: DType, b: DType): DType => (rank[a] >= rank[b] ? a : b);

/** An operand as promotion sees it. A plain number is weak, a 0-d tensor is weaker than one with dimensions. */
export interface Operand {
  readonly dtype: DType;
  readonly standing: 'dimensioned' | 'zeroDim' | 'number';
}

const categoryRank: Readonly<Record<Category, number>> = { bool: 0, int: 1, float: 2 };

/**
 * PyTorch's `result_type`: a class of operands of lower standing only matters if it is of a higher category.
 * A float64 0-d tensor leaves a float32 vector float32; a plain 2.5 turns an int32 vector into float32.
 */
export function resultType(operands: readonly Operand[]): DType {
  const among = (standing: Operand['standing']): DType | null => {
    let found: DType | null = null;
    for (const o of operands) if (o.standing === standing) found = found ? promote(found, o.dtype) : o.dtype;
    return found;
  };
  let result: DType | null = null;
  for (const standing of ['dimensioned', 'zeroDim', 'number'] as const) {
    const next = among(standing);
    if (next === null) continue;
    if (result === null || categoryRank[dtypes[next].category] > categoryRank[dtypes[result].category])
      result = next;
  }
  if (result === null) throw new Error('internal: resultType of no operands');
  return result;
}

/** The weak dtype of a plain JavaScript value: JavaScript cannot tell 1 from 1.0, so whole numbers count as integers. */
export const dtypeOfNumber = (value: number | boolean): DType =>
  typeof value === 'boolean' ? 'bool' : Number.isInteger(value) ? defaultInt : defaultFloat;
