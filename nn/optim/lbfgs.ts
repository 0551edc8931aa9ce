// L-BFGS (Liu & Nocedal 1989, after minFunc). In: a closure that computes loss and gradients. Out: parameters moved along directions that
// remember how the gradient changed in earlier steps. It decides by values, so a step cannot be part of a compiled function; its
// closure can be one. All parameters are one vector here, in plain arrays.

import { atCaller, ValueError, enableGrad, noGrad, tensor } from '../../runtime/public.ts';
import type { Tensor } from '../../runtime/public.ts';
import { withDefaults } from '../options.ts';
import { Optimizer, checkNotNegative } from './optimizer.ts';
import type { CommonOptions, OptimizerState, ParamsOf } from './optimizer.ts';
import { strongWolfe } from './wolfe.ts';
import type { Point } from './wolfe.ts';

/** Options of `LBFGS`, as in PyTorch. */
export interface LBFGSOptions extends CommonOptions {
  /** Iterations per step. */
  maxIter: number;
  /** Evaluations of the closure per step; 1.25 times the iterations if null. */
  maxEval: number | null;
  toleranceGrad: number;
  toleranceChange: number;
  /** How many steps are remembered. */
  historySize: number;
  lineSearchFn: 'strong_wolfe' | null;
}
const defaults: LBFGSOptions = {
  lr: 1,
  maxIter: 20,
  maxEval: null,
  toleranceGrad: 1e-7,
  toleranceChange: 1e-9,
  historySize: 100,
  lineSearchFn: null,
};

type Vector = Float64Array<ArrayBuffer>;

const dot = (a: Vector, b: Vector): number => a.reduce((sum, ai, i) => sum + ai * b[i], 0);
/** a + t b. */
const moved = (a: Vector, t: number, b: Vector): Vector => a.map((ai, i) => ai + t * b[i]);
const largest = (a: Vector): number => a.reduce((most, ai) => Math.max(most, Math.abs(ai)), 0);

/** One remembered move: how position and gradient changed, and 1 over their product. */
interface Change {
  readonly position: Vector;
  readonly gradient: Vector;
  readonly rho: number;
}

/** Minus the gradient times the inverse Hessian, as far as the history shows it: the two loops of Nocedal. */
function directionFrom(grad: Vector, history: readonly Change[], scale: number): Vector {
  const weights: number[] = [];
  let d = grad.map((g) => -g);
  for (let i = history.length - 1; i >= 0; i--) {
    const { position, gradient, rho } = history[i];
    weights[i] = dot(position, d) * rho;
    d = moved(d, -weights[i], gradient);
  }
  d = d.map((di) => di * scale);
  history.forEach(({ position, gradient, rho }, i) => {
    d = moved(d, weights[i] - dot(gradient, d) * rho, position);
  });
  return d;
}

/** Limited-memory BFGS, with a line search by the strong Wolfe conditions if asked for. `step` takes a closure that gives the loss. */
export class LBFGS extends Optimizer<LBFGSOptions, null> {
  readonly #history: Change[] = [];
  #scale = 1;
  /** Direction, distance and gradient of the last iteration. */
  #last: { readonly direction: Vector; readonly t: number; readonly grad: Vector } | null = null;
  #evaluations = 0;

  constructor(params: ParamsOf<LBFGSOptions>, options?: Partial<LBFGSOptions>) {
    super(params, withDefaults('LBFGS', defaults, options));
    if (this.paramGroups.length !== 1)
      throw atCaller(new ValueError("LBFGS doesn't support per-parameter options (parameter groups)"));
  }

  /** How often the closure has been called. */
  get evaluations(): number {
    return this.#evaluations;
  }

  protected check({ lr, lineSearchFn }: LBFGSOptions): void {
    checkNotNegative('learning rate', lr);
    if (lineSearchFn !== null && lineSearchFn !== 'strong_wolfe')
      throw atCaller(new ValueError("only 'strong_wolfe' is supported"));
  }
  protected initialState(): Readonly<Record<string, number>> {
    return {};
  }
  protected rates(): null {
    return null;
  }
  protected update(): void {
    throw atCaller(new ValueError('LBFGS moves all parameters together'));
  }

  get #params(): readonly Tensor[] {
    return this.paramGroups[0].params;
  }
  /** One number of each parameter after the other; zeros for null. */
  #flat(of: (p: Tensor) => Tensor | null): Vector {
    const parts = this.#params.map((p) => Array.from(of(p)?.toTypedArray() ?? new Float64Array(p.numel)));
    return Float64Array.from(parts.flat());
  }
  #write(position: Vector): void {
    let at = 0;
    for (const p of this.#params) p.copy_(tensor(position.slice(at, (at += p.numel)), { shape: p.shape }));
  }

  /** Moves the parameters until nothing is gained any more, or `maxIter` times. The closure clears and computes the gradients. */
  override step(closure?: () => Tensor): Tensor {
    if (!closure)
      throw atCaller(new ValueError("LBFGS.step() missing 1 required positional argument: 'closure'"));
    const evaluate = (): { readonly loss: Tensor; readonly value: number; readonly grad: Vector } => {
      this.#evaluations++;
      const loss = enableGrad(closure);
      return { loss, value: Number(loss.item()), grad: this.#flat((p) => p.grad) };
    };
    return noGrad(() => {
      const first = evaluate();
      this.#iterate(first, evaluate);
      return first.loss;
    });
  }

  #iterate(first: { value: number; grad: Vector }, evaluate: () => { value: number; grad: Vector }): void {
    const { lr, maxIter, maxEval, toleranceGrad, toleranceChange, lineSearchFn } = this.paramGroups[0];
    const limit = this.#evaluations - 1 + (maxEval ?? Math.floor((maxIter * 5) / 4));
    let { value, grad } = first;
    if (largest(grad) <= toleranceGrad) return;
    for (let n = 1; n <= maxIter; n++) {
      const size = grad.reduce((sum, g) => sum + Math.abs(g), 0);
      let t = this.#last === null ? Math.min(1, 1 / size) * lr : lr;
      const direction = this.#direction(grad);
      const slope = dot(grad, direction);
      const before = value;
      this.#last = { direction, t, grad };
      if (slope > -toleranceChange) return;
      const origin = this.#flat((p) => p);
      const at = (distance: number): Point => {
        this.#write(moved(origin, distance, direction));
        const there = evaluate();
        return { t: distance, ...there, slope: dot(there.grad, direction) };
      };
      if (lineSearchFn !== null) {
        const start = { t: 0, value, grad, slope };
        const search = { evaluate: at, start, directionSize: largest(direction), toleranceChange };
        ({ t, value, grad } = strongWolfe(search, t).point);
        this.#write(moved(origin, t, direction));
      } else if (n < maxIter) ({ value, grad } = at(t));
      else this.#write(moved(origin, t, direction)); // nobody will ask what the loss is there
      this.#last = { ...this.#last, t };
      if (this.#evaluations >= limit || largest(grad) <= toleranceGrad) return;
      if (largest(direction) * Math.abs(t) <= toleranceChange || Math.abs(value - before) < toleranceChange)
        return;
    }
  }

  /** Remembers what the last move changed, and gives the next direction. */
  #direction(grad: Vector): Vector {
    if (this.#last !== null) {
      const { direction, t } = this.#last;
      const gradient = moved(grad, -1, this.#last.grad);
      const position = direction.map((d) => d * t);
      const product = dot(gradient, position);
      if (product > 1e-10) {
        if (this.#history.length === this.paramGroups[0].historySize) this.#history.shift();
        this.#history.push({ position, gradient, rho: 1 / product });
        this.#scale = product / dot(gradient, gradient);
      }
    }
    return directionFrom(grad, this.#history, this.#scale);
  }

  override stateDict(): OptimizerState {
    const plain = super.stateDict();
    if (this.#last === null) return plain;
    const { direction, t, grad } = this.#last;
    const rows = (of: (change: Change) => Vector): Tensor =>
      tensor(Float64Array.from(this.#history.flatMap((change) => [...of(change)])), {
        shape: [this.#history.length, grad.length],
      });
    const memory = {
      direction: tensor(direction),
      grad: tensor(grad),
      positions: rows(({ position }) => position),
      gradients: rows(({ gradient }) => gradient),
      rho: tensor(Float64Array.from(this.#history, ({ rho }) => rho)),
      numbers: tensor(Float64Array.of(t, this.#scale, this.#evaluations)),
    };
    return { ...plain, state: { ...plain.state, 0: { ...plain.state[0], ...memory } } };
  }
  override loadStateDict(saved: OptimizerState): void {
    super.loadStateDict(saved);
    const { direction, grad, positions, gradients, rho, numbers } = saved.state[0] ?? {};
    this.#history.length = 0;
    this.#last = null;
    if (!numbers) return;
    const vector = (x: Tensor): Vector => Float64Array.from(x.toTypedArray());
    const [t, scale, evaluations] = vector(numbers);
    this.#last = { direction: vector(direction), t, grad: vector(grad) };
    this.#scale = scale;
    this.#evaluations = evaluations;
    vector(rho).forEach((r, i) =>
      this.#history.push({ position: vector(positions.at(i)), gradient: vector(gradients.at(i)), rho: r }),
    );
  }
}
