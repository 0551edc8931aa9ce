// Optional arguments. In: what a user gave in the place of an options object, either the object or its first member alone, as in
// `cat(parts, 1)` and `cat(parts, { dim: 1 })`. Out: the object.

export function optionsOf<K extends string, V, O extends object>(
  key: K,
  given: V | O | null | undefined,
): Partial<O & Record<K, V>> {
  if (given === undefined || given === null) return {};
  if (typeof given === 'object' && !Array.isArray(given)) return given as Partial<O & Record<K, V>>;
  return { [key]: given } as Partial<O & Record<K, V>>;
}
