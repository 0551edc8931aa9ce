// The namespace `optim`.

export { Optimizer } from './optimizer.ts';
export type { OptimizerState, ParamGroup } from './optimizer.ts';
export { SGD } from './sgd.ts';
export { Adam, AdamW } from './adam.ts';
export { Adamax } from './adamax.ts';
export { NAdam } from './nadam.ts';
export { RAdam } from './radam.ts';
export { RMSprop } from './rmsprop.ts';
export { Adagrad } from './adagrad.ts';
export { Adadelta } from './adadelta.ts';
export { ASGD } from './asgd.ts';
export { Rprop } from './rprop.ts';
export { LBFGS } from './lbfgs.ts';
export * as lrScheduler from '../scheduler.ts';
