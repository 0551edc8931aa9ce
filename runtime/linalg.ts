// The namespace `linalg`: torch.linalg, for matrices or batches of them.

import { functions as f } from './functions.ts';

/** torch.linalg: for matrices, or batches of them. */
export const linalg = {
  cholesky: f.cholesky,
  cond: f.cond,
  cross: f.linalgCross,
  det: f.det,
  diagonal: f.linalgDiagonal,
  eigh: f.eigh,
  eigvalsh: f.eigvalsh,
  inv: f.inv,
  lstsq: f.lstsq,
  lu: f.lu,
  luFactor: f.luFactor,
  luSolve: f.luSolve,
  matmul: f.matmul,
  matrixExp: f.matrixExp,
  matrixNorm: f.matrixNorm,
  matrixPower: f.matrixPower,
  matrixRank: f.matrixRank,
  multiDot: f.multiDot,
  norm: f.linalgNorm,
  pinv: f.pinv,
  qr: f.qr,
  slogdet: f.slogdet,
  solve: f.solve,
  solveTriangular: f.solveTriangular,
  svd: f.svd,
  svdvals: f.svdvals,
  vander: f.vander,
  vecdot: f.vecdot,
  vectorNorm: f.vectorNorm,
} as const;
