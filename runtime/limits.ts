// Thresholds of the runtime.

export const limits = {
  /** Operations in a chain that has not been computed, from which it is computed without being asked for: graphs must not grow for ever. */
  chain: 500,
  /** The same at a write in place. Loops end in such writes (a parameter's update), so each round, or every few, is one program again. */
  writtenChain: 64,
  /** Programs kept for values that are read outside of `compile`; the least recently used goes first. */
  cachedPrograms: 512,
  /** Programs kept by one compiled function. */
  compiledPrograms: 64,
  /** Programs of one compiled function from which it is worth a warning. */
  manyPrograms: 8,
  /** Elements that are always few enough to compute an index from them a second time, to look at it before a program runs. */
  cheapDemand: 1024,
  /** Distinct operators with attributes and types that keys of graphs number; then numbering starts anew. */
  numberedOps: 100_000,
} as const;
