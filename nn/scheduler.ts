// Learning rate schedules: optim.lrScheduler. In: an optimizer. Out: its learning rates changed at each `step()`, which usually comes once per
// epoch, after the optimizer's steps.

export { LRScheduler } from './scheduler/base.ts';
export type { SchedulerState } from './scheduler/base.ts';
export { ChainedScheduler, SequentialLR } from './scheduler/combined.ts';
export { CosineAnnealingLR, CosineAnnealingWarmRestarts } from './scheduler/cosine.ts';
export { CyclicLR } from './scheduler/cyclic.ts';
export type { CyclicOptions } from './scheduler/cyclic.ts';
export { ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR } from './scheduler/decay.ts';
export { LambdaLR, MultiplicativeLR } from './scheduler/lambda.ts';
export { OneCycleLR } from './scheduler/oneCycle.ts';
export type { OneCycleOptions } from './scheduler/oneCycle.ts';
export { ReduceLROnPlateau } from './scheduler/plateau.ts';
export type { PlateauOptions } from './scheduler/plateau.ts';
