// Axes of a fusion group. In: the shapes of its members, and which of their dimensions must run together. Out: the atomic
// axes, the loops from which all members can be built. Each dimension of a member is a row-major product of axes; a reshape
// that splits or merges whole dimensions refines axes instead of costing a division, and size 1 is the empty product.
// Union-find: an axis is linked to another one, or split into a slow and a fast part.

export interface Axis {
  readonly id: number;
  readonly extent: number;
  link: Axis | null;
  parts: readonly [slow: Axis, fast: Axis] | null;
}

/** Row-major product of axes. */
export type Dim = readonly Axis[];

export class Axes {
  private count = 0;

  fresh(extent: number): Axis {
    return { id: this.count++, extent, link: null, parts: null };
  }

  /** A new dimension; size 1 needs no axis. */
  dim(size: number): Dim {
    return size === 1 ? [] : [this.fresh(size)];
  }

  /** The atomic axes of a dimension, as known by now. */
  resolve(dim: Dim, into: Axis[] = []): Axis[] {
    for (let i = 0; i < dim.length; i++) {
      let axis = dim[i];
      while (axis.link) axis = axis.link;
      if (axis.parts) this.resolve(axis.parts, into);
      else into.push(axis);
    }
    return into;
  }

  private split(axis: Axis, fast: number): readonly [Axis, Axis] {
    axis.parts = [this.fresh(axis.extent / fast), this.fresh(fast)];
    return axis.parts;
  }

  /** Makes two dimensions run together, refining either; false if their factors do not fit. */
  unify(a: Dim, b: Dim): boolean {
    const left = this.resolve(a);
    const right = this.resolve(b);
    while (left.length > 0 && right.length > 0) {
      const x = left.pop() as Axis;
      const y = right.pop() as Axis;
      if (x === y) continue;
      if (x.extent === y.extent) x.link = y;
      else {
        const [big, small, rest] = x.extent > y.extent ? [x, y, left] : [y, x, right];
        if (small.extent === 0 || big.extent % small.extent !== 0) return false;
        const [slow, fast] = this.split(big, small.extent);
        fast.link = small;
        rest.push(slow);
      }
    }
    return left.length === 0 && right.length === 0;
  }

  /** Distributes a row-major product over dimensions of other sizes; null if a size cuts through an axis unevenly. */
  repartition(dim: Dim, sizes: readonly number[]): Dim[] | null {
    const rest = this.resolve(dim);
    const result: Dim[] = [];
    for (let i = sizes.length - 1; i >= 0; i--) {
      let need = sizes[i];
      const taken: Axis[] = [];
      while (need > 1) {
        const axis = rest.pop();
        if (!axis || axis.extent === 0) return null;
        if (need % axis.extent === 0) {
          taken.unshift(axis);
          need /= axis.extent;
        } else {
          if (axis.extent % need !== 0) return null;
          const [slow, fast] = this.split(axis, need);
          rest.push(slow);
          taken.unshift(fast);
          need = 1;
        }
      }
      if (need !== 1) return null;
      result[i] = taken;
    }
    return rest.length === 0 ? result : null;
  }
}
