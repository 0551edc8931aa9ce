// Every threshold of the compiler, with the measurement that chose it. `npm run bench` repeats them; figures are from Node 20.20.

export const limits = {
  /** Members of one group. Longer groups make functions that V8 compiles late; 64 keeps analysis of a group in microseconds. */
  groupMembers: 64,
  /** A cheap map of inputs that are this many times smaller than it is computed by each reader: one comparison costs less than a load and a store. */
  spread: 4,
  cheap: 2,
  /** Price (scalar.ts: cost) from which a value is kept instead of computed twice. exp costs 12, and softmax [1024, 1024] took 25.6 ms with exp twice, 14.3 with one. */
  keepFrom: 8,
  /** Elements of a row that are kept between two passes over it: 32,768 doubles are 256 KiB, which stays in the second-level cache. */
  stagedRow: 32768,
  /** Elements up to which loops that share no row may still follow one another in one kernel. */
  rowlessInner: 2048,
  /**
   * Iterations up to which an inner loop is unrolled, and operations in all of them: sums of 4, 8 and 16 take 0.5 to 0.6 of their time, products of
   * 4 x 4 matrices (352 operations) half. What runs once gains nothing, and around a tile nothing is gained beyond the windows of a convolution: LeNet took 14.9 ms with 4, 14.4 with 6 and 16.
   */
  unrolled: { iterations: 16, operations: 400 },
  unrolledSparingly: { iterations: 6, operations: 64 },
  /** Elements that an unrolled loop writes: the transpose of 14 x 14 is as fast as 14 lines in a loop as it is in 196 lines. */
  unrolledStores: 64,
  /** Calls of functions such as exp in an unrolled loop: softmax over 10 took 148 us with a loop of exp, 252 with ten in a row. */
  unrolledCalls: 6,
  /** Rows that column sums take in at once, fewer where much is computed: 512 sums over 512 rows took 166 us with one row, 83 with eight. */
  jammedRows: [8, 4],
  /**
   * Operations of such a loop in all rows together. Column sums of polynomials of degree 5, 8 and 16 over 512 rows of 512 took 335, 593 and 1633 us
   * row by row, 318, 513 and 1121 with so many. Functions such as tanh are few in it (`unrolledCalls`): 8 rows of them took 1532 us, one row 891, four 834.
   */
  jammedSize: 256,
  /** Elements up to which a mean and the squares about it are two passes: written out, they read each element once. */
  twoPasses: 6,
  /** Columns whose sums are locals instead: 9.0 us with 4 or 6 locals, 9.6 and 9.0 with 8 rows at once; with 8 columns 13.7 and 9.0. */
  localColumns: 6,
  /** Rows and columns of a register tile of a contraction: 4x4 axpy gave 11 GFLOP/s, 2x2 dot tiles 7. */
  tile: 4,
  /** Columns that a tile adds to in one iteration: matmul of 256 took 2.94 ms with one, 2.86 with two, 2.79 with four; eight gained nothing more. */
  columnsAtOnce: 4,
  /** Columns from which a contraction is tiled; below, dot products in plain loops. */
  tileColumns: 8,
  /** Columns that a tile gathers from trailing axes: the sixteen loads of A are spread over them. */
  enoughColumns: 64,
  /**
   * Columns from which an operand that is contiguous is read where it lies: packing a window of a convolution costs as much as 10 rows of sums.
   * From `tileColumns` on if tests stand before it: the gradient of a 3 x 3 convolution of stride 2 by 32 planes of 14 x 14 took 3.6 ms packed, 2.1 in place.
   */
  directColumns: 10,
  /** Rows from which even a contiguous operand is packed into doubles: 9.7 instead of 8.4 GFLOP/s at 256. */
  packAnyway: 32,
  /** Elements of a panel at most: a matrix of 1024 x 1024 in one piece gave 9.1 GFLOP/s, read in place 8.4. */
  panel: 1 << 20,
  /** Sums of all rows at most, if k is cut by outer loops. */
  allSums: 65536,
  /** A k that is no longer than this is one step: a kernel of 5 columns need not be 4 + 1. */
  deepest: 6,
  /** Rows from which an operand that is not contiguous along the columns is packed first. */
  packRows: 4,
  /** Operations of a term that is computed once, apart from its loop: what is copied stays short. */
  pickedSize: 64,
  /**
   * Operations of a test and its two sides that are all computed instead of jumped over. On 300,000 random numbers relu took 4.3 ns an
   * element with a jump and 0.5 without, a clamp 4.8 and 0.9, the greater of two 4.5 and 0.8; where the jump always goes the same way
   * 0.4 and 0.5, 0.5 and 0.9, 0.7 and 0.8. A jump that is foreseen wrongly costs as much as some sixteen multiplications.
   */
  chosenPrice: 16,
  /** Independent accumulators of a lone sum: one 0.57 ns per element, four 0.25, eight are slower again. Two sums share them: mean and
   * squared deviations of 1024 rows of 1024 took 0.9 ms with one each, 0.65 with two each, 0.95 with four each. */
  accumulators: 4,
  /**
   * Operations of a loop that gets several accumulators. Also long terms gain, whose operations wait for one another: polynomials of degree
   * 4, 10 and 20 took 0.80, 0.79 and 0.64 of their time, tanh in a product with three others 0.89; one of degree 3 took 1.12.
   */
  splitSize: 64,
  /**
   * Segments times tests of a loop that is cut, at most; and how much longer the text may get, or how long in operations. The gradient of
   * 64 steps is 64 loops in 448 operations: 8.9 ms became 6.1. Much longer functions are slow to become fast: V8 needs 0.6 s for 400 loops.
   */
  segmentTests: 8192,
  segmentGrowth: 2,
  segmentSize: 600,
  /**
   * Iterations of inner loops from which a row is a function of its own: a call costs 3 ns, as much as a few elements. And those of all rows:
   * a kernel that is short is entered often, and compiled as a whole.
   */
  apartRow: 32,
  apartFrom: 8192,
  /** Elements from which on a step through memory meets another line of the cache: 64 bytes are 16 float32. */
  cacheLine: 16,
} as const;
