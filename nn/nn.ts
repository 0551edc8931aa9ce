// The namespace `nn`: modules, nn.functional, nn.init, nn.utils.

export { Parameter } from '../runtime/public.ts';
export { Module } from './module.ts';
export type { ForwardHook, ForwardPreHook } from './module.ts';
export type { LoadResult, StateDict } from './state.ts';
export { ModuleDict, ModuleList, Sequential } from './sequential.ts';
export * from './linear.ts';
export { Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from './conv.ts';
export * from './pool.ts';
export * from './norm.ts';
export * from './runningNorm.ts';
export * from './embedding.ts';
export * from './dropout.ts';
export { GRU, LSTM, RNN } from './recurrent.ts';
export { GRUCell, LSTMCell, RNNCell } from './recurrentCell.ts';
export { MultiheadAttention } from './attention.ts';
export * from './activation.ts';
export * from './loss.ts';
export { batches } from './data.ts';
export * as functional from './functional.ts';
export * as init from './init.ts';
export * as utils from './utils.ts';
