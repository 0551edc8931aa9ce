// Learning rate schedules: optim.lrScheduler. In: an optimizer. Out: its learning rates changed at each `step()`, which usually comes once per
// epoch, after the optimizer's steps.

export { LRScheduler } from './scheduler/base.ts';
export type { SchedulerState } from './scheduler/base.ts';
export {
  ConstantLR,
  CosineAnnealingLR,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  MultiStepLR,
  StepLR,
} from './scheduler/decay.ts';
export { OneCycleLR } from './scheduler/oneCycle.ts';
export type { OneCycleOptions } from './scheduler/oneCycle.ts';
export { ReduceLROnPlateau } from './scheduler/plateau.ts';
export type { PlateauOptions } from './scheduler/plateau.ts';
