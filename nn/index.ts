// What the package exports of nn/: the namespaces `nn` and `optim`, and the functions that clip gradients.

export * as nn from './nn.ts';
export * as optim from './optim/index.ts';
export { clipGradNorm_, clipGradValue_ } from './clip.ts';
export { functionalCall, stackModuleState } from './functionalCall.ts';
