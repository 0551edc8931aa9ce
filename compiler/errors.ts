// Every error a user can cause. In: words. Out: a typed error of one or two lines. Messages begin with PyTorch's words where
// PyTorch has the error; `at` then names the user's line. Our own mistakes are InternalErrors and print the IR.

/** Every error that a user can cause. */
export class GradloomError extends Error {
  override name = 'GradloomError';
}

/** Sizes, ranks or dimensions that do not fit an operation. */
export class ShapeError extends GradloomError {
  override name = 'ShapeError';
}

/** A dtype that an operation does not take. */
export class DTypeError extends GradloomError {
  override name = 'DTypeError';
}

/** An index or a dimension out of range. */
export class IndexError extends GradloomError {
  override name = 'IndexError';
}

/** A value that an operation does not take: a probability of 1.5, a ragged list, an unknown option. */
export class ValueError extends GradloomError {
  override name = 'ValueError';
}

/** Misuse of the gradient machinery: no graph, freed graph, wrong gradient, leaf rules. */
export class AutogradError extends GradloomError {
  override name = 'AutogradError';
}

/** Something that cannot be done while a function is being traced, such as reading a value. */
export class TraceError extends GradloomError {
  override name = 'TraceError';
}

/** A bug of ours. The message starts with `internal:` and carries the IR that shows it. */
export class InternalError extends GradloomError {
  override name = 'InternalError';
  constructor(message: string) {
    super(`internal: ${message}`);
  }
}

/** Fails the build when a union gains a member that a switch does not handle. */
export function never(value: never): never {
  throw new InternalError(`unhandled case ${JSON.stringify(value)}`);
}
