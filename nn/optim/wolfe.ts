// A line search for LBFGS: finds how far to go in a direction so that the strong Wolfe conditions hold (Nocedal & Wright, algorithms 3.5 and
// 3.6), as PyTorch does it after minFunc. In: a function of the distance. Out: the distance, with value and gradient there.

/** What is known at one distance. */
export interface Point {
  readonly t: number;
  readonly value: number;
  readonly grad: Float64Array<ArrayBuffer>;
  /** The slope along the direction. */
  readonly slope: number;
}

export interface LineSearch {
  /** Value and gradient at a distance. */
  readonly evaluate: (t: number) => Point;
  /** The point at distance 0. */
  readonly start: Point;
  /** The largest element of the direction. */
  readonly directionSize: number;
  readonly toleranceChange: number;
}

const c1 = 1e-4;
const c2 = 0.9;
const maxEvaluations = 25;

/** The minimum of the cubic through two points with their slopes, within bounds. */
function cubicMinimum(a: Point, b: Point, low = Math.min(a.t, b.t), high = Math.max(a.t, b.t)): number {
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / (a.t - b.t);
  const square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const d2 = Math.sqrt(square);
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const t = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  return Math.min(Math.max(t, low), high);
}

/** The point found, and how many evaluations it took. */
export function strongWolfe(
  search: LineSearch,
  first: number,
): { readonly point: Point; readonly evaluations: number } {
  const { evaluate, start, directionSize, toleranceChange } = search;
  const tooHigh = (p: Point): boolean => p.value > start.value + c1 * p.t * start.slope;
  const isFlat = (p: Point): boolean => Math.abs(p.slope) <= -c2 * start.slope;
  let evaluations = 1;
  let iterations = 0;

  // bracket a good point
  let before = start;
  let now = evaluate(first);
  let bracket: [Point, Point] | null = null;
  while (iterations < maxEvaluations) {
    if (tooHigh(now) || (iterations > 1 && now.value >= before.value)) bracket = [before, now];
    else if (isFlat(now)) return { point: now, evaluations };
    else if (now.slope >= 0) bracket = [before, now];
    if (bracket !== null) break;
    const t = cubicMinimum(before, now, now.t + 0.01 * (now.t - before.t), now.t * 10);
    before = now;
    now = evaluate(t);
    evaluations++;
    iterations++;
  }
  bracket ??= [start, now];

  // narrow the bracket
  let stuck = false;
  let [low, high] = bracket[0].value <= bracket[1].value ? bracket : [bracket[1], bracket[0]];
  while (iterations < maxEvaluations && Math.abs(high.t - low.t) * directionSize >= toleranceChange) {
    const [left, right] = [Math.min(low.t, high.t), Math.max(low.t, high.t)];
    let t = cubicMinimum(low, high);
    const margin = 0.1 * (right - left);
    if (Math.min(right - t, t - left) < margin) {
      if (stuck || t >= right || t <= left) {
        t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
        stuck = false;
      } else stuck = true;
    } else stuck = false;
    const point = evaluate(t);
    evaluations++;
    iterations++;
    if (tooHigh(point) || point.value >= low.value) {
      high = point;
      if (high.value < low.value) [low, high] = [high, low];
    } else {
      if (isFlat(point)) return { point, evaluations };
      if (point.slope * (high.t - low.t) >= 0) high = low;
      low = point;
    }
  }
  return { point: low, evaluations };
}
