// Reads that jump through memory. In: a kernel with its loops. Out: what its innermost loops read in steps of many elements: each such read
// fetches a line of the cache for one element, and a matrix that lies the other way round would be read in order.

import { strideIn } from './affine.ts';
import type { LoopVar } from './affine.ts';
import { limits } from './limits.ts';
import type { Buffer, Kernel, Stmt } from './nest.ts';
import { bodyOf, exprsOf, visitExpr } from './nest.ts';

export interface StridedRead {
  readonly buffer: Buffer;
  /** In elements, along the innermost loop. */
  readonly stride: number;
  /** How often it is done in one run. */
  readonly count: number;
}

/** The reads of inputs, results and temporaries that jump. */
export function stridedReads(kernel: Kernel): readonly StridedRead[] {
  const found = new Map<string, StridedRead>();
  const walk = (stmts: readonly Stmt[], inner: LoopVar | null, times: number): void => {
    for (const s of stmts) {
      if (s.tag === 'loop') {
        walk(s.body, s.loop, times * Math.ceil(s.loop.extent / (s.loop.step ?? 1)));
        continue;
      }
      if (inner !== null && inner.extent >= limits.cacheLine)
        for (const e of exprsOf(s))
          visitExpr(e, (x) => {
            if (x.tag !== 'load' || x.buffer.role === 'scratch') return;
            const stride = Math.abs(strideIn(x.index, inner.name) ?? 0) * (inner.step ?? 1);
            if (stride < limits.cacheLine) return;
            const key = `${x.buffer.name} ${stride}`;
            const count = (found.get(key)?.count ?? 0) + times;
            found.set(key, { buffer: x.buffer, stride, count });
          });
      walk(bodyOf(s), inner, times);
    }
  };
  walk(kernel.body, null, 1);
  return [...found.values()];
}
