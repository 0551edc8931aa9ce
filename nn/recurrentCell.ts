// One moment of a recurrent layer: the formulas of RNN, GRU and LSTM, and the modules RNNCell, GRUCell and LSTMCell. In: what the input and
// the state give for each gate, and the state. Out: the next state; its first part is the output.

import { atCaller, ShapeError, linear, relu, sigmoid, tanh, zeros } from '../runtime/public.ts';
import type { Parameter, Tensor } from '../runtime/public.ts';
import { uniform_ } from './init.ts';
import { Module } from './module.ts';
import { withDefaults } from './options.ts';
import { parameter } from './parameter.ts';
import type { FloatDType } from './parameter.ts';

export type Mode = 'RNN_TANH' | 'RNN_RELU' | 'GRU' | 'LSTM';
/** [h], or [h, c]. */
export type CellState = readonly Tensor[];
type Cell = (fromInput: Tensor, fromState: Tensor, state: CellState) => CellState;

export const gateCount: Readonly<Record<Mode, number>> = { RNN_TANH: 1, RNN_RELU: 1, GRU: 3, LSTM: 4 };

/** The next state, from both projections of all gates side by side. */
export const cells: Readonly<Record<Mode, Cell>> = {
  RNN_TANH: (x, h) => [tanh(x.add(h))],
  RNN_RELU: (x, h) => [relu(x.add(h))],

  GRU(x, h, [state]) {
    const [xr, xz, xn] = x.chunk(3, -1);
    const [hr, hz, hn] = h.chunk(3, -1);
    const reset = sigmoid(xr.add(hr));
    const update = sigmoid(xz.add(hz));
    const fresh = tanh(xn.add(reset.mul(hn)));
    return [state.sub(fresh).mul(update).add(fresh)];
  },

  LSTM(x, h, [, memory]) {
    const [i, f, g, o] = x.add(h).chunk(4, -1);
    const next = sigmoid(f)
      .mul(memory)
      .add(sigmoid(i).mul(tanh(g)));
    return [sigmoid(o).mul(tanh(next)), next];
  },
};

/** Options of `Cell`, as in PyTorch. */
export interface CellOptions {
  readonly bias?: boolean;
  readonly dtype?: FloatDType;
}
/** Options of `RNNCell`, as in PyTorch. */
export interface RNNCellOptions extends CellOptions {
  readonly nonlinearity?: 'tanh' | 'relu';
}
const defaults: Required<CellOptions> = { bias: true, dtype: 'float32' };
const rnnDefaults: Required<RNNCellOptions> = { ...defaults, nonlinearity: 'tanh' };

/** One moment, as a module. */
abstract class RecurrentCell extends Module {
  readonly mode: Mode;
  readonly inputSize: number;
  readonly hiddenSize: number;
  weightIh: Parameter;
  weightHh: Parameter;
  biasIh: Parameter | null;
  biasHh: Parameter | null;

  protected constructor(
    mode: Mode,
    inputSize: number,
    hiddenSize: number,
    { bias, dtype }: Required<CellOptions>,
  ) {
    super();
    this.mode = mode;
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    const gates = gateCount[mode] * hiddenSize;
    const bound = hiddenSize > 0 ? 1 / Math.sqrt(hiddenSize) : 0;
    const make = (...shape: number[]): Parameter =>
      parameter(shape, dtype, (x) => uniform_(x, -bound, bound));
    this.weightIh = make(gates, inputSize);
    this.weightHh = make(gates, hiddenSize);
    this.biasIh = bias ? make(gates) : null;
    this.biasHh = bias ? make(gates) : null;
  }

  /** The next state, for inputs [batch, features] or [features]. */
  protected next(x: Tensor, given: CellState | null): CellState {
    const name = this.constructor.name;
    if (x.ndim !== 1 && x.ndim !== 2)
      throw atCaller(
        new ShapeError(`${name}: Expected input to be 1-D or 2-D but received ${x.ndim}-D tensor`),
      );
    const shape = [...x.shape.slice(0, -1), this.hiddenSize];
    const state = given ?? (this.mode === 'LSTM' ? [0, 1] : [0]).map(() => zeros(shape, { dtype: x.dtype }));
    return cells[this.mode](
      linear(x, this.weightIh, this.biasIh),
      linear(state[0], this.weightHh, this.biasHh),
      state,
    );
  }

  override extraRepr(): string {
    const relu = this.mode === 'RNN_RELU' ? ', nonlinearity=relu' : '';
    return `${this.inputSize}, ${this.hiddenSize}${this.biasIh === null ? ', bias=False' : ''}${relu}`;
  }
}

/** One step of an Elman network: (x, hidden) => hidden. */
export class RNNCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options?: RNNCellOptions) {
    const all = withDefaults('RNNCell', rnnDefaults, options);
    super(all.nonlinearity === 'tanh' ? 'RNN_TANH' : 'RNN_RELU', inputSize, hiddenSize, all);
  }
  forward(x: Tensor, hx: Tensor | null = null): Tensor {
    return this.next(x, hx && [hx])[0];
  }
}

/** One step of a gated recurrent unit: (x, hidden) => hidden. */
export class GRUCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options?: CellOptions) {
    super('GRU', inputSize, hiddenSize, withDefaults('GRUCell', defaults, options));
  }
  forward(x: Tensor, hx: Tensor | null = null): Tensor {
    return this.next(x, hx && [hx])[0];
  }
}

/** One step of a long short-term memory: (x, [hidden, cell]) => [hidden, cell]. */
export class LSTMCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options?: CellOptions) {
    super('LSTM', inputSize, hiddenSize, withDefaults('LSTMCell', defaults, options));
  }
  forward(x: Tensor, hx: readonly [h: Tensor, c: Tensor] | null = null): [h: Tensor, c: Tensor] {
    const [h, c] = this.next(x, hx);
    return [h, c];
  }
}
