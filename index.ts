// gradloom: PyTorch's autograd as a lazy graph compiler. Everything public, by name; see README.md and docs/.

/** The version of this package. */
export const version = '0.1.0';

export * from './runtime/public.ts';
export * from './nn/index.ts';
