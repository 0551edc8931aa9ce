// The namespace `nn.utils`.

export { clipGradNorm_, clipGradValue_, parametersToVector, vectorToParameters } from './clip.ts';
export type { ClipNormOptions } from './clip.ts';
