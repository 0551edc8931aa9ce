// gradgradcheck: gradcheck of a gradient. In: a function, inputs, and the gradients of its outputs at which to look. Out: what gradcheck says
// of the function that takes all these and gives the gradients of the inputs: whether its own derivatives are right, by backward over
// backward, or by forward mode over backward.

import { AutogradError, ValueError } from '../../compiler/errors.ts';
import { isTensor } from '../core.ts';
import { checkFunction, checkOptions } from '../options.ts';
import { publicCall, userCode } from '../origin.ts';
import { rand } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { grad, listOf } from './backward.ts';
import type { Tensors } from './backward.ts';
import { gradcheck, gradcheckOptions } from './gradcheck.ts';
import type { Differentiable, GradcheckOptions } from './gradcheck.ts';
import { enableGrad } from './mode.ts';

export interface GradgradcheckOptions extends Omit<
  GradcheckOptions,
  'checkBackwardAd' | 'checkForwardAd' | 'checkBatchedForwardGrad'
> {
  /** The gradients of the outputs at which to look; random ones if absent. */
  readonly gradOutputs?: Tensors;
  /** Check forward mode over backward; false if absent. */
  readonly checkFwdOverRev?: boolean;
  /** Check backward over backward; true if absent. */
  readonly checkRevOverRev?: boolean;
}

const ofModes = ['checkBackwardAd', 'checkForwardAd', 'checkBatchedForwardGrad'];
const known = [
  ...gradcheckOptions.filter((name) => !ofModes.includes(name)),
  'gradOutputs',
  'checkFwdOverRev',
  'checkRevOverRev',
];

/**
 * gradcheck of the gradient: derivatives of the second order, by the inputs and by the gradients of the outputs. Takes what gradcheck
 * takes, and throws or returns the same; an AutogradError if no output requires grad. See torch.autograd.gradgradcheck.
 *
 * @example
 * const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
 * autograd.gradgradcheck((y) => y.pow(3), x, { checkFwdOverRev: true }); // true
 */
export function gradgradcheck(
  fn: Differentiable,
  inputs: Tensors,
  options: GradgradcheckOptions = {},
): boolean {
  return publicCall('gradgradcheck', () => {
    checkFunction('gradgradcheck', fn);
    checkOptions('gradgradcheck', options, known);
    const { gradOutputs, checkFwdOverRev = false, checkRevOverRev = true, ...rest } = options;
    checkModes(options);
    const given = listOf(inputs);
    const run = (args: readonly Tensor[]): readonly Tensor[] =>
      listOf(fn(...args)).filter((y) => isTensor(y) && y.requiresGrad);
    const outputs = enableGrad(() => userCode(() => run(given)));
    if (outputs.length === 0) throw new AutogradError('gradgradcheck: no output requires grad');
    const cotangents =
      gradOutputs === undefined
        ? outputs.map((y) => rand(y.shape, { dtype: y.dtype }).mul(2).sub(1).detach().requiresGrad_())
        : listOf(gradOutputs);
    const wanted = given.map((x) => isTensor(x) && x.requiresGrad);
    const gradient: Differentiable = (...args) => {
      const primals = args
        .slice(0, given.length)
        .map((x, i) => (wanted[i] && !x.requiresGrad ? x.requiresGrad_() : x));
      const found = grad(
        run(primals),
        primals.filter((_, i) => wanted[i]),
        { gradOutputs: args.slice(given.length), createGraph: true, allowUnused: true },
      );
      return found.filter((g) => g !== null);
    };
    const modes = { checkForwardAd: checkFwdOverRev, checkBackwardAd: checkRevOverRev };
    return gradcheck(gradient, [...given, ...cotangents], { ...rest, ...modes });
  });
}

/** What needs backward over backward, and one of the modes. */
function checkModes(options: GradgradcheckOptions): void {
  const { checkFwdOverRev = false, checkRevOverRev = true } = options;
  if (!checkFwdOverRev && !checkRevOverRev)
    throw new ValueError('Expected at least one of checkFwdOverRev or checkRevOverRev to be true');
  if (checkRevOverRev) return;
  const { checkUndefinedGrad = true, checkBatchedGrad = false } = options;
  for (const [name, asked] of Object.entries({ checkUndefinedGrad, checkBatchedGrad }))
    if (asked) throw new ValueError(`Setting ${name}: true requires checkRevOverRev to be true`);
}
