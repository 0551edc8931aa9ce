// gradloom: PyTorch's autograd as a lazy graph compiler. Everything public, by name; see README.md and docs/.
// (methods.ts comes first: it gives Tensor its methods.)

export const version = '0.1.0';

export { Tensor } from './runtime/methods.ts';
export { Parameter, isTensor } from './runtime/tensor.ts';
export * from './runtime/public.ts';
