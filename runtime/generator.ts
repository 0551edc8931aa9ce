// The source of random numbers: a Mersenne Twister that yields the same stream as PyTorch's CPU generator.
//
// In: a seed. Out: 32-bit words, and what is made of one or two of them: 64-bit words, uniform numbers, a
// standard normal number. Filling arrays with all the distributions is done by the functions of `random/`.
//
// The engine is MT19937 of Matsumoto & Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed
// uniform pseudo-random number generator" (ACM TOMACS 8, 1998), with the initialisation of their 2002 version:
//
//     s[0] = seed,   s[j] = 1812433253 * (s[j-1] ^ (s[j-1] >>> 30)) + j          (mod 2^32)

export { fillBernoulli, fillDropoutMask } from './random/bernoulli.ts';
export { fillCauchy, fillExponential, fillGeometric, fillLogNormal } from './random/continuous.ts';
export { fillPermutation, fillRandint, fillRandom } from './random/integers.ts';
export type { DrawnDtype } from './random/integers.ts';
export { drawMultinomial } from './random/multinomial.ts';
export type { MultinomialRequest } from './random/multinomial.ts';
export { fillNormal, fillNormalSerially } from './random/normal.ts';
export { fillUniform } from './random/uniform.ts';
export type { FillableArray, FloatArray } from './random/uniform.ts';

const words = 624;
/** The twist mixes word i with word i + 397. */
const middle = 397;

/** The seed of a generator that was given none, PyTorch's number. */
export const defaultSeed = 67280421310721n;

/** A generator's position in its stream, to come back to: see `Generator.getState`. */
export interface GeneratorState {
  readonly initialSeed: bigint;
  readonly engine: Uint32Array;
  /** How many words of `engine` have been used. */
  readonly used: number;
  /** The second number of a normal pair, if only the first has been asked for. */
  readonly cachedNormal: number | undefined;
}

/** The seed as 64 bits without sign, as PyTorch reads it: -1 is 2^64 - 1, and 1.5 is 1. */
function normalizeSeed(seed: number | bigint): bigint {
  if (seed >= -(2 ** 63) && seed < 2 ** 64) {
    return BigInt.asUintN(64, BigInt(typeof seed === 'number' ? Math.trunc(seed) : seed));
  }
  throw new RangeError(`a seed must be at least -2^63 and less than 2^64, but got ${seed}`);
}

/**
 * A stream of random numbers. Equal seeds give equal streams, here and in PyTorch.
 *
 * @example
 * const generator = new Generator(0);
 * generator.uniform24(); // 0.49625658988952637, torch.rand(1) after torch.manual_seed(0)
 */
export class Generator {
  private readonly engine = new Uint32Array(words);
  private used = words;
  private cachedNormal: number | undefined = undefined;
  private seedGiven = defaultSeed;

  constructor(seed: number | bigint = defaultSeed) {
    this.seed(seed);
  }

  /** The seed, all 64 bits of it, that this stream began with. */
  get initialSeed(): bigint {
    return this.seedGiven;
  }

  /**
   * Begins the stream of a seed. Only the low 32 bits of the seed matter for the stream.
   *
   * @example
   * generator.seed(42).random32(); // 1608637542
   */
  seed(seed: number | bigint): this {
    this.seedGiven = normalizeSeed(seed);
    let word = Number(this.seedGiven & 0xffffffffn);
    this.engine[0] = word;
    for (let j = 1; j < words; j++) {
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + j) >>> 0;
      this.engine[j] = word;
    }
    this.used = words;
    this.cachedNormal = undefined;
    return this;
  }

  /** The next word: a whole number from 0 to 2^32 - 1. */
  random32(): number {
    if (this.used === words) this.twist();
    let y = this.engine[this.used++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** The next two words as one number from 0 to 2^64 - 1, the first as its upper half. */
  random64(): bigint {
    const high = this.random32();
    return (BigInt(high) << 32n) | BigInt(this.random32());
  }

  /** A multiple of 2^-24 in [0, 1), from one word: what float32 can hold. */
  uniform24(): number {
    return (this.random32() & 0xffffff) * 2 ** -24;
  }

  /** A multiple of 2^-53 in [0, 1), from the low bits of two words: what float64 can hold. */
  uniform53(): number {
    const high = this.random32() & 0x1fffff;
    return (high * 2 ** 32 + this.random32()) * 2 ** -53;
  }

  /**
   * A standard normal number. They come in pairs (Box & Muller 1958): of independent uniform u1 and u2,
   * r = sqrt(-2 ln(1 - u2)) and t = 2 pi u1 are the polar coordinates of a point whose coordinates r cos t and
   * r sin t are independent and normal. The second is kept for the next call, whatever is drawn in between.
   */
  normal(): number {
    const cached = this.cachedNormal;
    if (cached !== undefined) {
      this.cachedNormal = undefined;
      return cached;
    }
    const u1 = this.uniform53();
    const u2 = this.uniform53();
    const radius = Math.sqrt(-2 * Math.log(1 - u2));
    const angle = 2 * Math.PI * u1;
    this.cachedNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** The position in the stream, as a copy that later draws do not touch. */
  getState(): GeneratorState {
    return {
      initialSeed: this.seedGiven,
      engine: this.engine.slice(),
      used: this.used,
      cachedNormal: this.cachedNormal,
    };
  }

  /** Goes to a position that `getState` gave, of this or another generator. */
  setState(state: GeneratorState): this {
    this.seedGiven = state.initialSeed;
    this.engine.set(state.engine);
    this.used = state.used;
    this.cachedNormal = state.cachedNormal;
    return this;
  }

  /** Another generator at the same position; the two go on independently. */
  clone(): Generator {
    return new Generator().setState(this.getState());
  }

  /** Renews all words: each becomes a mix of itself, the next and the one 397 places on, all round the circle. */
  private twist(): void {
    const engine = this.engine;
    // three loops instead of one with remainders: four times as fast
    let i = 0;
    for (; i < words - middle; i++) engine[i] = engine[i + middle] ^ mix(engine[i], engine[i + 1]);
    for (; i < words - 1; i++) engine[i] = engine[i + middle - words] ^ mix(engine[i], engine[i + 1]);
    engine[i] = engine[middle - 1] ^ mix(engine[i], engine[0]);
    this.used = 0;
  }
}

/** The top bit of one word and the others of the next, times the matrix of the recurrence (over bits). */
function mix(word: number, next: number): number {
  const mixed = (word & 0x80000000) | (next & 0x7fffffff);
  return (mixed >>> 1) ^ (-(mixed & 1) & 0x9908b0df);
}
