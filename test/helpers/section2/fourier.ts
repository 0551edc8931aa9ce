// Section 2, Fourier transforms. Their values are held against PyTorch's in oracle.test.ts (fft-cases.json). In: nothing. Out: rows.

import { fft } from '../../../index.ts';
import { of } from './row.ts';
import type { Row } from './row.ts';

// squares, because all of them are linear
export const fourier: readonly Row[] = [
  { name: 'fft.fft', call: (x) => fft.fft(x.square()), inputs: [of([2, 5, 2])] },
  { name: 'fft.ifft', call: (x) => fft.ifft(x.square(), { dim: 0 }), inputs: [of([4, 2, 2])] },
  { name: 'fft.rfft', call: (x) => fft.rfft(x.square()), inputs: [of([2, 6])] },
  { name: 'fft.irfft', call: (x) => fft.irfft(x.square(), { n: 5 }), inputs: [of([2, 3, 2])] },
];
