// Section 1.8 to 1.14: odd points, functions of functions, control flow and what a lazy library adds. In: nothing. Out: for each feature, by
// its section and name in test/fixtures/section-1.json, what holds it: 'file: title of a test', 'errors: id of a row of errors.test.ts',
// 'conventions: operator of gradient-conventions.json', each of whose points is a test of conventions.test.ts.

import type { Section } from './proof.ts';

const points = (...operators: string[]): readonly string[] => operators.map((name) => `conventions: ${name}`);

export const transforming: Readonly<Record<string, Section>> = {
  '1.8 Complex': {},
  '1.9 Non-differentiable points': {
    'relu at 0 / -0 / nan': points('relu'),
    'relu6, hardtanh, hardsigmoid at the edges': points('relu6', 'hardtanh', 'hardsigmoid'),
    'clamp, clamp_min, clamp_max at the edges': points(
      'clamp(-1,1)',
      'clamp_min(0)',
      'clamp_max(0)',
      'clamp(2,1) min>max',
    ),
    'leaky_relu at 0': points('leaky_relu(.1)', 'elu', 'celu', 'selu'),
    'hardswish at -3, 3; hardshrink, softshrink at +-lambda; threshold at t': points(
      'hardswish',
      'hardshrink',
      'softshrink',
      'threshold(0,5)',
    ),
    'softplus beyond threshold (x*beta > 20)': points('softplus'),
    'abs, sgn, norm(1) at 0': [
      ...points('abs', 'norm(1)'),
      'autogradSurface: sgn has the gradient 0 everywhere, at 0 too',
    ],
    'sign, floor, ceil, round, trunc': points('sign', 'floor', 'ceil', 'round', 'trunc', 'frac'),
    'sqrt at 0': points('sqrt'),
    'rsqrt, reciprocal at 0': points('rsqrt', 'reciprocal', 'log'),
    'asin, acos at +-1': points('asin', 'acos'),
    'pow(x, 0)': points('pow(x,0)', 'pow(x,1)', 'pow(x,.5)', 'pow(x,-1)'),
    'pow(x, y) wrt y': points('pow(x,y)', 'pow(0,x)', 'pow(-2,x)'),
    'xlogy(0, 0)': points('xlogy'),
    'maximum, minimum, max(a,b) ties': points('maximum', 'minimum', 'max(a,b)'),
    'fmax, fmin ties': points('fmax', 'fmin'),
    'max(), min(), median(), amax, amin, vector_norm(inf) ties': [
      ...points('max()', 'min()', 'median()', 'amax(0)', 'amin(0)', 'norm(inf)', 'vector_norm(-inf)'),
      'autograd: minimum, maximum and median of equal elements share the gradient',
    ],
    'max(dim), min(dim), median(dim), mode, kthvalue, cummax, sort, topk, max_pool': points(
      'max(dim=0).values',
      'min(dim=0).values',
      'median(0)',
      'mode(0)',
      'kthvalue(2)',
      'cummax',
      'sort',
      'topk(2)',
      'max_pool1d tie',
    ),
    'norm(p), vector_norm, dist, cdist, std at 0': points(
      'norm(2)',
      'norm(3)',
      'norm(0)',
      'dist_self',
      'cdist',
      'std0',
    ),
    'prod, cumprod with zeros': points('prod', 'prod(0)', 'cumprod'),
    'atan2(0,0)': points('atan2'),
    'hypot(0,0)': points('hypot'),
    'logaddexp(-inf,-inf), logsumexp(all -inf)': points('logaddexp', 'logsumexp'),
    where: [
      ...points('where_nan_trap', 'where_log_trap', 'where(cond)'),
      'anomaly: the trap of where is explained',
    ],
    masked_fill: points('masked_fill'),
    nan_to_num: points('nan_to_num'),
    'fmod, remainder wrt divisor': points('fmod', 'remainder'),
    'div with rounding_mode': points('div_trunc', 'floor_divide'),
    'var, std of one element (unbiased)': [
      'autogradSurface: var and std of one element are NaN, and so are their gradients',
    ],
    'bce at p = 0, t = 1': points('bce(p=0,t=1)'),
    'l1_loss at 0; smooth_l1, huber at beta; hinge at margin': points(
      'l1_loss0',
      'smooth_l1',
      'huber',
      'hinge',
    ),
    'prelu at 0': points('prelu'),
  },
  '1.10 torch.autograd.functional': {
    'jacobian(f, x, create_graph, strict, vectorize, strategy)': [
      'transforms: functional: jacobian of tuples',
      'transforms: functional: jacobian, vectorized',
      'transforms: functional refuses an independent input in strict mode',
      'transforms: functional refuses strict and vectorize',
      'transforms: functional results are connected to the inputs only with createGraph',
      'errors: jacobian_strict',
    ],
    hessian: [
      'transforms: functional: hessian',
      'transforms: functional refuses a Hessian of a vector',
      'errors: hessian_nonscalar',
    ],
    'vjp, jvp, vhp, hvp': [
      'transforms: functional: vjp',
      'transforms: functional: vjp without v',
      'transforms: functional: jvp',
      'transforms: functional: vhp',
      'transforms: functional: hvp',
      'errors: vjp_needs_v',
      'errors: jvp_needs_v',
      'errors: vjp_v_size',
    ],
  },
  '1.11 Forward mode': {
    'tangents vanish on exit; detach drops them, no_grad does not': [
      'tangents: noGrad does not stop tangents, but detach and inferenceMode do',
      'tangents: what noGrad gives within jvp is a leaf that requires no grad',
      'tangents: tensors from outside have the gradients that they have without the jvp',
      'tangents: the tangent of what is written in place under noGrad: a product',
    ],
    'combines with reverse mode': [
      'transforms: forward over reverse, and reverse over forward, agree',
      'autogradSurface: forward over reverse: a tangent of a gradient is the product with the Hessian',
    ],
    'jvp is a graph transform with the same per-op table': [
      'transforms: jvp gives the value and its derivative in a direction',
      "transforms: jvp and vjp are each other's transpose",
      'transforms: jacrev and jacfwd agree with each other and with differences',
    ],
  },
  '1.12 torch.func and JAX transforms': {
    'linearize, linear_transpose (JAX)': [
      'transforms: linearize calls the function once, and gives tangents in any number of directions',
      'transforms: what linearize gives can be mapped, compiled and differentiated',
    ],
    'functional_call, stack_module_state': [
      'functionalCall: functionalCall can be differentiated by the parameters, also of modules below',
      'functionalCall: a parameter with two names is replaced under both',
      'functionalCall: an ensemble runs at once by vmap over stacked states',
      'functionalCall: stacked parameters are leaves that require grad, buffers are not trained',
    ],
    'grad(f, argnums, has_aux)': [
      'transforms: grad gives the derivative by the first argument',
      'transforms: argnums chooses, from either end; a list gives a list',
      'transforms: arguments may be nested, and so is the derivative',
      'transforms: an argument without influence gets zeros',
      'errors: func_grad_nonscalar',
      'errors: func_grad_nontensor',
    ],
    'grad_and_value / value_and_grad': ['transforms: valueAndGrad gives both; hasAux passes something on'],
    'vjp(f, *x) -> (y, fn), jvp(f, x, t)': [
      'transforms: vjp gives the value, and a function from cotangents to the gradients of all arguments',
      'transforms: jvp gives the value and its derivative in a direction',
    ],
    'jacrev, jacfwd, hessian = jacfwd(jacrev)': [
      'transforms: jacrev and jacfwd agree with each other and with differences',
      'transforms: a Hessian is symmetric, and hvp its product',
    ],
    'vmap(f, in_dims, out_dims, randomness)': [
      'transforms: vmap maps over the first dimension, or over the one that it is told',
      'transforms: random numbers in vmap need to be told whether they are the same for all',
      'transforms: vmap refuses values, unequal sizes and dimensions that are not there',
      'errors: vmap_sizes',
      'errors: vmap_item',
      'errors: vmap_random',
    ],
    'per-sample gradients': ['transforms: gradients of every example are vmap of grad'],
    'stop_gradient = detach; straight-through x + detach(f(x) - x)': [
      'transforms: stopGradient keeps the value and cuts the gradient; straight-through is built from it',
    ],
    'custom_vjp (fwd -> residuals, bwd), custom_jvp (+defjvps, nondiff_argnums, symbolic_zeros)': [
      'transforms: customVjp replaces the derivative; residuals go from forward to backward',
      'transforms: the backward of customVjp must return one cotangent per argument',
      'transforms: customJvp gives the tangent of its rule, and the gradient that is its transpose',
      'transforms: derivatives of higher order are those of the rule of customJvp',
    ],
    'checkpoint / remat with policy': [
      'transforms: a checkpoint has the value and the gradients of the function, and runs it once more in backward',
      'transforms: a checkpoint meets the same random numbers again',
      'transforms: checkpoints nest, reach what they close over, and have derivatives of any order',
    ],
    'saved-tensor hooks (pack, unpack)': [
      'autograd: saved tensors go through pack once, and through unpack at each use',
      'autograd: unpack must give a tensor',
      'autograd: the innermost pair of hooks counts, and derivatives of higher order go through it',
      'errors: saved_hooks_unpack_type',
      'hooks: saveOnCpu keeps values as they are, past the hooks around it',
      'hooks: where hooks on what is kept are refused, setting some is an error with the message given',
    ],
    jit: [
      'compile: functions are traced once per signature',
      'autogradSurface: a traced function runs once per signature, its side effects too',
    ],
    'make_jaxpr, eval_shape': [
      'autogradSurface: shape and dtype of a result are known without a run',
      'tensor: nothing runs before a value is asked for',
    ],
    'AOT: trace().lower().compile()': [
      'programs: lower makes the program and runs nothing',
      'programs: a program shows its source, its kernels, its stages and its memory',
      'autogradSurface: a program counts its operations and its memory before it runs',
    ],
    'check_grads(f, args, order)': [
      'autogradSurface: derivatives of orders one to three agree with differences',
    ],
  },
  '1.13 Control flow in a static graph': {
    'JavaScript if/for while building': ['autogradSurface: an if and a loop over values are what was run'],
    'where / select': points('where(cond)'),
    'cond(p, f, g, x), switch(i, branches, x)': [
      'controlFlow: one compiled program serves both values of a traced predicate',
      'controlFlow: derivatives of a traced cond are those of the branch taken, without NaN from the other',
      'controlFlow: branches of a traced cond must fit: the error names both types',
      'controlFlow: one compiled program serves all values of a traced index, with the derivative of each branch',
      'controlFlow: each example of vmap has its own branch',
    ],
    'scan(body, carry, xs) -> (carry, ys)': [
      'controlFlow: scan carries a value along and stacks the outputs',
      'controlFlow: derivatives of a scan, of any order, eager, compiled and per example',
      'controlFlow: the errors of scan',
    ],
    fori_loop: [
      'controlFlow: foriLoop counts from lo to hi, not at all if there is nothing between',
      'controlFlow: foriLoop refuses bounds that are not whole or not known, and a value that changes its type',
    ],
    while_loop: [
      'controlFlow: whileLoop goes on as long as the condition holds, and can be differentiated',
      'controlFlow: whileLoop says what to do where the condition is not known',
    ],
    'tensor used as a condition while tracing': [
      'compile: refused inside a compiled function: comparing',
      'compile: refused inside a compiled function: item()',
      'controlFlow: one compiled program serves both values of a traced predicate',
    ],
  },
  '1.14 Lazy / compile specific': {
    'realise points': [
      'tensor: nothing runs before a value is asked for',
      'tensor: realize computes several tensors and their shared work at once',
      'printing: printing computes once and changes nothing',
    ],
    'compile cache': [
      'compile: functions are traced once per signature',
      'programs: programs are listed as they were made, whichever ran last',
      'examples: the convolutional example learns, and its schedule needs no second program',
    ],
    'joint graph': [
      'deadGradients: no exp is evaluated for a gradient that does not need one',
      'deadGradients: second derivatives share the forward value too',
    ],
    'dead-gradient elimination': [
      'deadGradients: each layer that is frozen makes a step cheaper',
      'deadGradients: a branch of frozen parameters is no part of the backward',
      'deadGradients: the input gradient of the first layer is not computed, unless somebody wants it',
    ],
    'recompile reasons, graph-break reasons': [
      'programs: recompilations are explained',
      'compile: refused inside a compiled function: toArray()',
    ],
    'error locality': [
      'errors: broadcast',
      'errors: mm_shapes',
      'errors.test: an error ends with the line of the user that caused it',
    ],
  },
};
