// The namespace `optim`.

export { Optimizer } from './optimizer.ts';
export type { OptimizerState, ParamGroup } from './optimizer.ts';
export { SGD } from './sgd.ts';
export { Adam, AdamW } from './adam.ts';
export { RMSprop } from './rmsprop.ts';
export { Adagrad } from './adagrad.ts';
export { LBFGS } from './lbfgs.ts';
export * as lrScheduler from '../scheduler.ts';
