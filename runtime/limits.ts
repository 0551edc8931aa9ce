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
  /** Runs before a profile begins, or milliseconds if they take longer: V8 compiles a loop for good after some thousand rounds. */
  warmUpRuns: 200,
  warmUpTime: 50,
  /** Bytes up to which a kernel's memory counts as near: about the size of a second-level cache. */
  nearBytes: 1 << 20,
  /** Advice is given about this part of a run at least, if so much of a kernel's memory is float64, or so many of its loads jump; so many lines. */
  adviceStake: 0.03,
  adviceWide: 0.5,
  adviceStrided: 0.2,
  adviceLines: 5,
  /** Numbers that a script of a bug report spells out; more of them are replaced by random ones. */
  scriptElements: 256,
  /** Bytes up to which V8 keeps an array on its own heap; from there on small results share slabs of memory. One number that is kept keeps its slab. */
  heapArray: 64,
  slabArray: 1024,
  slab: 16384,
  /** Distinct operators with attributes and types that keys of graphs number; then numbering starts anew. */
  numberedOps: 100_000,
} as const;
