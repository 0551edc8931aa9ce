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
  /** Bytes up to which V8 keeps an array on its own heap. */
  heapArray: 64,
  /**
   * From there on results of up to so many bytes share slabs of so many (`pool.ts`). One that is kept keeps its slab, which is at most 256 times
   * as large. `npm run bench -- returned`, against a copy of its own by hand: 0.4 to 0.6 of the time at 1 KiB, 0.6 to 0.7 at 4 KiB, 0.9 to 1
   * at 32 KiB. From 64 KiB on slabs gain nothing.
   */
  slabs: [
    { results: 1024, bytes: 16_384 },
    { results: 32_768, bytes: 262_144 },
  ],
  /** Bytes from which glibc takes pages from the system for an array, and gives them back when it is freed. */
  paged: 131_072,
  /**
   * Bytes that are freed once, at so many copies of such arrays, so that it keeps what is freed later: just below the most that it heeds.
   * `npm run bench -- memory-kept memory-freed`: a result of 4 MiB takes 0.3 ms in a loop that awaits, without it 0.3 to 2.7 from
   * run to run. Where nothing is awaited V8 frees more at once than glibc keeps.
   */
  freedOnce: 31 << 20,
  freedAt: 32,
  /** Distinct operators with attributes and types that keys of graphs number; then numbering starts anew. */
  numberedOps: 100_000,
} as const;
