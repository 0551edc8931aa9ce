// Recurrent layers: RNN, GRU, LSTM over sequences. In: [time, batch, features] ([batch, time, features] with batchFirst, or without the batch)
// and a first state. Out: the outputs at all times, and the last states.
//
// All inputs of a layer are projected at once, since they do not depend on the state; what is left for each moment is one product with
// the state and a `cell` formula. Time is unrolled into the graph.

import {
  atCaller,
  ShapeError,
  ValueError,
  cat,
  dropout,
  flip,
  linear,
  stack,
  zeros,
} from '../runtime/public.ts';
import type { Tensor } from '../runtime/public.ts';
import { uniform_ } from './init.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { parameter } from './parameter.ts';
import type { FloatDType } from './parameter.ts';
import { float } from './python.ts';
import { cells, gateCount } from './recurrentCell.ts';
import type { CellState, Mode } from './recurrentCell.ts';

/** Options of `Recurrent`, as in PyTorch. */
export interface RecurrentOptions {
  /** Layers on top of each other. */
  readonly numLayers?: number;
  readonly bias?: boolean;
  /** [batch, time, features] instead of [time, batch, features]. */
  readonly batchFirst?: boolean;
  /** Between layers, in training. */
  readonly dropout?: number;
  /** Also backwards in time; the outputs of both directions stand side by side. */
  readonly bidirectional?: boolean;
  readonly dtype?: FloatDType;
}
/** Options of `RNN`, as in PyTorch. */
export interface RNNOptions extends RecurrentOptions {
  readonly nonlinearity?: 'tanh' | 'relu';
}
/** Options of `LSTM`, as in PyTorch. */
export interface LSTMOptions extends RecurrentOptions {
  /** The size of the output, if a trained projection makes it smaller than the state. */
  readonly projSize?: number;
}

const defaults: Required<RecurrentOptions> = {
  numLayers: 1,
  bias: true,
  batchFirst: false,
  dropout: 0,
  bidirectional: false,
  dtype: 'float32',
};
const rnnDefaults: Required<RNNOptions> = { ...defaults, nonlinearity: 'tanh' };
const lstmDefaults: Required<LSTMOptions> = { ...defaults, projSize: 0 };

const showSize = (sizes: readonly number[]): string => `[${sizes.join(', ')}]`;

/** What the three have in common. */
abstract class Recurrent extends Module {
  readonly mode: Mode;
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly options: Required<RecurrentOptions>;
  readonly projSize: number;

  protected constructor(
    mode: Mode,
    inputSize: number,
    hiddenSize: number,
    options: Required<RecurrentOptions>,
    projSize = 0,
  ) {
    super();
    const { dropout: p, bias, numLayers, dtype } = options;
    if (!(p >= 0 && p <= 1))
      throw atCaller(
        new ValueError(
          'dropout should be a number in range [0, 1] representing the probability of an element being zeroed',
        ),
      );
    if (projSize < 0)
      throw atCaller(new ValueError('proj_size should be a positive integer or zero to disable projections'));
    if (projSize >= hiddenSize)
      throw atCaller(new ValueError('proj_size has to be smaller than hidden_size'));
    this.mode = mode;
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.options = options;
    this.projSize = projSize;
    const gates = gateCount[mode] * hiddenSize;
    const bound = hiddenSize > 0 ? 1 / Math.sqrt(hiddenSize) : 0;
    const make = (name: string, shape: readonly number[]): unknown =>
      this.registerParameter(
        name,
        parameter(shape, dtype, (x) => uniform_(x, -bound, bound)),
      );
    for (let layer = 0; layer < numLayers; layer++)
      for (const suffix of this.suffixes(layer)) {
        make(`weightIh${suffix}`, [gates, layer === 0 ? inputSize : this.outputSize * this.directions]);
        make(`weightHh${suffix}`, [gates, this.outputSize]);
        if (bias) make(`biasIh${suffix}`, [gates]);
        if (bias) make(`biasHh${suffix}`, [gates]);
        if (projSize > 0) make(`weightHr${suffix}`, [projSize, hiddenSize]);
      }
  }

  protected get directions(): number {
    return this.options.bidirectional ? 2 : 1;
  }
  protected get outputSize(): number {
    return this.projSize || this.hiddenSize;
  }
  /** What ends the names of a layer's parameters, per direction. */
  private suffixes(layer: number): readonly string[] {
    return this.options.bidirectional ? [`L${layer}`, `L${layer}Reverse`] : [`L${layer}`];
  }
  private named(name: string): Tensor | null {
    return (this as unknown as Record<string, Tensor | undefined>)[name] ?? null;
  }

  /** Outputs and last states, for states [layers * directions, batch, size], or zeros. */
  protected run(input: Tensor, given: readonly Tensor[] | null): readonly [output: Tensor, states: Tensor[]] {
    const batched = this.checkInput(input);
    const { batchFirst, numLayers, dropout: p } = this.options;
    let x = batched ? (batchFirst ? input.transpose(0, 1) : input) : input.unsqueeze(1);
    const states = this.firstStates(x, given, batched);
    const last: CellState[] = [];
    for (let layer = 0; layer < numLayers; layer++) {
      const outputs = this.suffixes(layer).map((suffix, d) => {
        const first = states.map((s) => s.select(0, layer * this.directions + d));
        const [output, state] = this.runDirection(x, suffix, first, d === 1);
        last.push(state);
        return output;
      });
      x = outputs.length === 1 ? outputs[0] : cat(outputs, -1);
      if (layer < numLayers - 1) x = dropout(x, p, this.training);
    }
    const ends = states.map((_, k) => stack(last.map((state) => state[k])));
    if (!batched) return [x.squeeze(1), ends.map((s) => s.squeeze(1))];
    return [batchFirst ? x.transpose(0, 1) : x, ends];
  }

  /** One layer in one direction: the outputs in the order of time, and the state at the end. */
  private runDirection(
    input: Tensor,
    suffix: string,
    first: CellState,
    backwards: boolean,
  ): readonly [output: Tensor, state: CellState] {
    const x = backwards ? flip(input, [0]) : input;
    const projected = linear(x, this.named(`weightIh${suffix}`)!, this.named(`biasIh${suffix}`));
    const weight = this.named(`weightHh${suffix}`)!;
    const bias = this.named(`biasHh${suffix}`);
    const projection = this.named(`weightHr${suffix}`);
    const outputs: Tensor[] = [];
    let state = first;
    for (let time = 0; time < x.shape[0]; time++) {
      state = cells[this.mode](projected.select(0, time), linear(state[0], weight, bias), state);
      if (projection !== null) state = [linear(state[0], projection), ...state.slice(1)];
      outputs.push(state[0]);
    }
    return [stack(backwards ? outputs.reverse() : outputs), state];
  }

  /** True for inputs with a batch dimension. */
  private checkInput(x: Tensor): boolean {
    if (x.ndim !== 2 && x.ndim !== 3)
      throw atCaller(
        new ShapeError(`${this.constructor.name}: Expected input to be 2D or 3D, got ${x.ndim}D instead`),
      );
    if (x.shape[x.ndim - 1] !== this.inputSize)
      throw atCaller(
        new ShapeError(
          `input.size(-1) must be equal to input_size. Expected ${this.inputSize}, got ${x.shape[x.ndim - 1]}`,
        ),
      );
    return x.ndim === 3;
  }

  private firstStates(x: Tensor, given: readonly Tensor[] | null, batched: boolean): readonly Tensor[] {
    const count = this.options.numLayers * this.directions;
    const widths = this.mode === 'LSTM' ? [this.outputSize, this.hiddenSize] : [this.outputSize];
    const shapes = widths.map((width) => [count, x.shape[1], width]);
    if (given === null) return shapes.map((shape) => zeros(shape, { dtype: x.dtype }));
    return given.map((state, k) => {
      const name = widths.length === 1 ? 'hx' : 'hx and cx';
      if (state.ndim !== (batched ? 3 : 2))
        throw atCaller(
          new ShapeError(
            `For ${batched ? 'batched 3-D' : 'unbatched 2-D'} input, ${name} should also be ${batched ? '3-D' : '2-D'} but got ${state.ndim}-D tensor`,
          ),
        );
      const full = batched ? state : state.unsqueeze(1);
      if (full.shape.some((size, i) => size !== shapes[k][i]))
        throw atCaller(
          new ShapeError(
            `Expected hidden${widths.length === 1 ? '' : `[${k}]`} size ${showSize(shapes[k])}, got ${showSize(full.shape)}`,
          ),
        );
      return full;
    });
  }

  override extraRepr(): string {
    const { numLayers, bias, batchFirst, dropout: p, bidirectional } = this.options;
    return (
      `${this.inputSize}, ${this.hiddenSize}` +
      (this.projSize === 0 ? '' : `, proj_size=${this.projSize}`) +
      (numLayers === 1 ? '' : `, num_layers=${numLayers}`) +
      (bias ? '' : ', bias=False') +
      (batchFirst ? ', batch_first=True' : '') +
      (p === 0 ? '' : `, dropout=${float(p)}`) +
      (bidirectional ? ', bidirectional=True' : '')
    );
  }
}

/** h' = tanh(x W_ih^T + b_ih + h W_hh^T + b_hh), or with relu. */
export class RNN extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options?: RNNOptions) {
    const all = withDefaults('RNN', rnnDefaults, options);
    if (all.nonlinearity !== 'tanh' && all.nonlinearity !== 'relu')
      throw atCaller(new ValueError(`Unknown nonlinearity '${String(all.nonlinearity)}'`));
    super(all.nonlinearity === 'tanh' ? 'RNN_TANH' : 'RNN_RELU', inputSize, hiddenSize, all);
  }
  forward(x: Tensor, hx: Tensor | null = null): [output: Tensor, hn: Tensor] {
    const [output, [hn]] = this.run(x, hx && [hx]);
    return [output, hn];
  }
}

/** Gated recurrent units (Cho et al. 2014). */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options?: RecurrentOptions) {
    super('GRU', inputSize, hiddenSize, withDefaults('GRU', defaults, options));
  }
  forward(x: Tensor, hx: Tensor | null = null): [output: Tensor, hn: Tensor] {
    const [output, [hn]] = this.run(x, hx && [hx]);
    return [output, hn];
  }
}

/** Long short-term memory (Hochreiter & Schmidhuber 1997). The state is a pair: output and memory. */
export class LSTM extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options?: LSTMOptions) {
    const all = withDefaults('LSTM', lstmDefaults, options);
    super('LSTM', inputSize, hiddenSize, all, all.projSize);
  }
  forward(
    x: Tensor,
    hx: readonly [h: Tensor, c: Tensor] | null = null,
  ): [output: Tensor, state: [hn: Tensor, cn: Tensor]] {
    const [output, [hn, cn]] = this.run(x, hx);
    return [output, [hn, cn]];
  }
}
