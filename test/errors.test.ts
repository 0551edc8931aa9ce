// Errors, through the public interface. In: error-messages.json, what PyTorch answers to 129 mistakes. Every one has a row: the same mistake here,
// whose message begins with PyTorch's words, or the reason why it cannot be made. Then: errors of JavaScript's own kind, where the line
// is named, and that nothing is changed by a call that fails.

import { readFileSync } from 'node:fs';
import test from 'ava';
import * as g from '../index.ts';
import type { Tensor } from '../index.ts';

interface ErrorCase {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}
const { cases } = JSON.parse(
  readFileSync(new URL('./fixtures/error-messages.json', import.meta.url), 'utf8'),
) as { cases: readonly ErrorCase[] };

const { autograd, ones, tensor, zeros } = g;
const leaf = (...shape: number[]): Tensor => ones(shape, { requiresGrad: true });
const int = (...data: number[]): Tensor => tensor(data, { dtype: 'int32' });
const bools = (...data: boolean[]): Tensor => tensor(data);

/** What PyTorch writes in another way: its sizes, and Python's keywords. */
const written: readonly (readonly [RegExp, string])[] = [
  [/torch\.Size\((\[.*?\])\)/g, '$1'],
  [/retain_graph=True/g, 'retainGraph: true'],
  [/allow_unused=True/g, 'allowUnused: true'],
  [/\bLong\b/g, 'Int'],
];
const ours = (message: string): string => written.reduce((m, [from, to]) => m.replace(from, to), message);

type Row =
  | (() => unknown)
  /** The same mistake with another message: a later release's, or because the words are about Python. */
  | { readonly run: () => unknown; readonly says: string }
  /** The mistake does not exist here. */
  | { readonly falls: string };

const values = 'every operation reads the value there was when it was called, so nothing is ever invalidated';
const complex = 'complex dtypes do not exist yet';
const later = 'there are no dual tensors with levels: jvp is a transform of functions';

class F1 extends autograd.Function {
  static forward(_ctx: g.Context, a: Tensor, b: Tensor): Tensor {
    return a.mul(b);
  }
  static backward(_ctx: g.Context, grad: Tensor): unknown {
    return grad;
  }
}
class F2 extends autograd.Function {
  static forward(_ctx: g.Context, a: Tensor): Tensor {
    return a.mul(2);
  }
  static backward(_ctx: g.Context, grad: Tensor): unknown {
    return grad.slice(0, 0, 2);
  }
}
class F3 extends autograd.Function {
  static forward(_ctx: g.Context, a: Tensor): Tensor {
    return a.mul(2);
  }
  static backward(): unknown {
    return 3;
  }
}
class F4 extends autograd.Function {
  static forward(ctx: g.Context, a: Tensor): Tensor {
    ctx.saveForBackward(3 as unknown as Tensor);
    return a.mul(2);
  }
}
class F5 extends autograd.Function {
  static forward(_ctx: g.Context, a: Tensor): Tensor {
    return a.mul(2);
  }
}
class F6 extends autograd.Function {
  static forward(_ctx: g.Context, a: Tensor): Tensor {
    return a.mul(2);
  }
  static backward = autograd.onceDifferentiable((_ctx: g.Context, grad: Tensor) => grad.mul(2));
}
class Wrong extends autograd.Function {
  static forward(_ctx: g.Context, a: Tensor): Tensor {
    return a.mul(2);
  }
  static backward(_ctx: g.Context, grad: Tensor): unknown {
    return grad.mul(3);
  }
}

const rows: Readonly<Record<string, Row>> = {
  backward_nonscalar: () => leaf(3).mul(2).backward(),
  backward_no_grad: () => ones([1]).backward(),
  backward_no_grad_second: () => autograd.backward([leaf(1).mul(2), ones([1])]),
  backward_twice() {
    const x = leaf(3);
    const y = x.mul(x).sum();
    y.backward();
    y.backward();
  },
  backward_twice_mul_scalar() {
    const y = leaf(3).mul(3);
    y.backward(ones([3]));
    y.backward(ones([3]));
  },
  saved_after_free() {
    const y = leaf(3).exp();
    y.sum().backward();
    return y.gradFn!.saved.result;
  },
  grad_output_shape: () =>
    leaf(3)
      .mul(2)
      .backward(ones([2])),
  grad_output_0d: () => leaf(3).mul(2).backward(tensor(1)),
  grad_output_complex_for_real: { falls: complex },
  grad_output_real_for_complex: { falls: complex },
  too_few_grads: () => autograd.backward([leaf(1).mul(2), leaf(1).mul(2)], [ones([1])]),
  int_requires_grad_ctor: () => tensor([1, 2], { dtype: 'int32', requiresGrad: true }),
  int_requires_grad_method: () => int(1, 2).requiresGrad_(),
  int_requires_grad_set() {
    int(1, 2).requiresGrad = true;
  },
  nonleaf_requires_grad_false: () => leaf(3).mul(2).requiresGrad_(false),
  nonleaf_requires_grad_set_false() {
    leaf(3).mul(2).requiresGrad = false;
  },
  inplace_leaf: () => leaf(3).add_(1),
  inplace_leaf_setitem: () => leaf(3).set([0], 5),
  inplace_view_of_leaf: () => leaf(3).index([0, 2]).add_(1),
  version_counter_result: { falls: values },
  version_counter_input: { falls: values },
  version_counter_constant: { falls: values },
  version_counter_detach: { falls: values },
  grad_unused: () => autograd.grad(leaf(3).mul(2).sum(), leaf(3)),
  grad_not_requires: () => autograd.grad(leaf(3).mul(2).sum(), ones([3])),
  grad_empty_inputs: () => autograd.grad(leaf(3).mul(2).sum(), []),
  backward_empty_inputs: {
    run: () => leaf(3).mul(2).sum().backward(null, { inputs: [] }),
    says: '`inputs` argument to `backward` cannot be empty.',
  },
  retain_grad_nograd: () => ones([3]).retainGrad(),
  register_hook_nograd: () => ones([3]).registerHook((x) => x),
  hook_size: {
    run() {
      const x = leaf(3);
      x.registerHook((grad) => grad.slice(0, 0, 2));
      x.sum().backward();
    },
    says: "hook '<lambda>' has changed the size of value",
  },
  hook_type: {
    run() {
      const x = leaf(3);
      x.registerHook((() => 5) as never);
      x.sum().backward();
    },
    says: "expected Variable, but hook returned 'number'",
  },
  numpy_requires_grad: { falls: 'toTypedArray gives a copy, which cannot break a graph' },
  item_multi: () => ones([3]).item(),
  bool_multi: { falls: 'JavaScript has no hook for the truth of an object' },
  bool_empty: { falls: 'JavaScript has no hook for the truth of an object' },
  len_0d: { falls: 'tensors have no len(); size(dim) checks its dimension' },
  iter_0d: () => [...tensor(1)],
  index_0d: () => tensor(1).at(0),
  index_out_of_range: () => ones([3]).at(5),
  index_too_many: () => ones([3]).index(0, 0),
  assign_grad_size() {
    leaf(3).grad = ones([2]);
  },
  assign_grad_dtype() {
    leaf(3).grad = ones([3], { dtype: 'float64' });
  },
  assign_grad_self() {
    const x = leaf(3);
    x.grad = x;
  },
  inference_saved() {
    const a = g.inferenceMode(() => ones([3]));
    leaf(3).mul(a).sum().backward();
  },
  inference_inplace: () => g.inferenceMode(() => ones([3])).add_(1),
  inference_requires_grad: () => g.inferenceMode(() => ones([3])).requiresGrad_(),
  inference_version: () => g.inferenceMode(() => ones([3])).version,
  nograd_view_inplace() {
    const x = leaf(3).mul(1);
    g.noGrad(() => x.slice(0, 0, 2)).add_(1);
  },
  unbind_inplace: () => leaf(2, 3).mul(1).unbind()[0].add_(1),
  split_inplace: () => leaf(2, 3).mul(1).split(1)[0].add_(1),
  out_requires_grad: { falls: 'there are no out= arguments' },
  second_order_of_linear() {
    const x = leaf(1);
    const [first] = autograd.grad(x.mul(3), x, { createGraph: true });
    autograd.grad(first, x);
  },
  not_implemented: {
    run: () => g.heaviside(leaf(3), leaf(3)).sum().backward(),
    says: "the derivative for 'heaviside' is not implemented.",
  },
  not_implemented_arg: { falls: 'igamma does not exist; every operator has its derivative' },
  broadcast: () => ones([3]).add(ones([4])),
  broadcast_2d: () => ones([2, 3]).add(ones([4, 3])),
  mm_shapes: () => ones([2, 3]).matmul(ones([2, 3])),
  mm_not_matrix: () => g.mm(ones([2]), ones([2])),
  mm2_not_matrix: () => g.mm(ones([2, 2]), ones([2])),
  bmm_shapes: () => g.bmm(ones([2, 3, 4]), ones([3, 4, 5])),
  mv_shapes: () => g.mv(ones([2, 3]), ones([2])),
  dot_shapes: () => g.dot(ones([2]), ones([3])),
  view_size: () => ones([3]).view([4]),
  view_stride: { falls: 'a view of any layout is index arithmetic: it always exists' },
  reshape_size: () => ones([3]).reshape([2, -1]),
  two_unknown: () => ones([4]).view([-1, -1]),
  dim_range: () => ones([3]).sum(3),
  dim_range_0d: () => tensor(1).sum(1),
  dim_repeated: () => ones([2, 2]).sum([0, 0]),
  cat_sizes: () => g.cat([ones([2, 3]), ones([2, 4])]),
  cat_dims: () => g.cat([ones([2, 3]), ones([2])]),
  cat_empty: () => g.cat([]),
  stack_sizes: () => g.stack([ones([2]), ones([3])]),
  expand_size: () => ones([3]).expand([4]),
  permute_dims: () => ones([2, 3]).permute([0]),
  transpose_range: () => ones([2, 3]).transpose(0, 2),
  squeeze_range: () => ones([2]).squeeze(3),
  cast_inplace: () => ones([3], { dtype: 'int32' }).add_(1.5),
  mean_int: () => ones([3], { dtype: 'int32' }).mean(),
  matmul_dtype: () => ones([2, 2]).matmul(ones([2, 2], { dtype: 'float64' })),
  gather_index_dtype: () => g.gather(ones([3]), 0, ones([1])),
  gather_index_range: () => g.gather(ones([3]), 0, int(3)),
  index_select_range: () => g.indexSelect(ones([3]), 0, int(3)),
  where_dtype: () => g.where(ones([2]), ones([2]), ones([2])),
  max_empty: () => ones([0]).max(),
  max_empty_dim: () => ones([0]).max(0),
  int_pow_neg: () => int(2).pow(-1),
  sub_bool: () => bools(true).sub(bools(true)),
  neg_bool: () => bools(true).neg(),
  einsum_bad: () => g.einsum('ij,jk->ik', ones([2, 3]), ones([2, 3])),
  conv_channels: () => g.conv2d(ones([1, 3, 4, 4]), ones([1, 2, 3, 3])),
  one_hot_neg: () => g.oneHot(int(-1), 2),
  cross_entropy_target_range: () => g.crossEntropy(ones([2, 3]), int(0, 3)),
  ragged_list: () => tensor([[1, 2], [3]]),
  anomaly: () =>
    autograd.detectAnomaly(() => tensor([0], { requiresGrad: true }).sqrt().mul(0).sum().backward()),
  anomaly_second_output: () =>
    autograd.detectAnomaly(() => {
      const x = tensor([0], { requiresGrad: true });
      x.div(x).sum().backward();
    }),
  uniform_order: () => zeros([2]).uniform_(2, 1),
  normal_std: () => zeros([2]).normal_(0, -1),
  bernoulli_p: () => zeros([2]).bernoulli_(1.5),
  randint_order: () => g.randint(5, 5, [2]),
  randperm_neg: () => g.randperm(-1),
  dropout_p: () => g.dropout(ones([2]), 1.5),
  multinomial_many: () => g.multinomial(ones([2]), 3),
  jacobian_strict: () =>
    autograd.functional.jacobian((x) => x.mul(2), [ones([2]), ones([2])], { strict: true }),
  hessian_nonscalar: () => autograd.functional.hessian((x) => x.pow(3), ones([2])),
  vjp_needs_v: () => autograd.functional.vjp((x) => x.pow(2), ones([2])),
  jvp_needs_v: () => autograd.functional.jvp((x) => x.pow(2), ones([2])),
  vjp_v_size: () => autograd.functional.vjp((x) => x.pow(2), ones([2]), ones([3])),
  forward_ad_no_level: { falls: later },
  forward_ad_size: { falls: later },
  func_grad_nonscalar: () => g.grad((x: Tensor) => x.pow(2))(ones([2])),
  func_grad_nontensor: {
    run: () => g.grad((_: Tensor) => 3)(ones([2])),
    says: 'grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got number',
  },
  vmap_sizes: () => g.vmap(g.add)(ones([3]), ones([4])),
  vmap_data_dependent: { falls: 'JavaScript has no hook for the truth of an object' },
  vmap_item: {
    run: () => g.vmap((x: Tensor) => tensor(Number(x.item())))(ones([3])),
    says: "vmap: It looks like you're calling .item() on a Tensor.",
  },
  vmap_random: {
    run: () => g.vmap((x: Tensor) => x.add(g.rand([])))(ones([3])),
    says: 'vmap: called random operation while in randomness error mode.',
  },
  gradcheck_none: () => autograd.gradcheck((x) => x.pow(2), ones([2])),
  checkpoint_grad: { falls: 'checkpoint works with autograd.grad' },
  grads_batched_shape: {
    run: () => autograd.grad(leaf(2).pow(2), leaf(2), { gradOutputs: ones([2]), isGradsBatched: true }),
    says: 'If `isGradsBatched: true`, we interpret the first dimension of each gradOutput as the batch dimension.',
  },
  saved_hooks_unpack_type: {
    run: () =>
      autograd.graph
        .savedTensorsHooks(
          (saved: Tensor) => saved,
          () => 3 as never,
          () => leaf(3).exp(),
        )
        .sum()
        .backward(),
    says: 'Output of saved tensor unpack_hook expected to be a Tensor but got result of type number',
  },
  forward_ad_nested: { falls: later },
  forward_ad_missing: { falls: later },
  gradcheck_mismatch: () =>
    autograd.gradcheck((x) => Wrong.apply(x), tensor([1, 2], { dtype: 'float64', requiresGrad: true })),
  custom_count: () => F1.apply(leaf(3), leaf(3)).sum().backward(),
  custom_shape: () => F2.apply(leaf(3)).sum().backward(),
  custom_type: {
    run: () => F3.apply(leaf(3)).sum().backward(),
    says: 'expected Variable or None (got number)',
  },
  custom_save: {
    run: () => F4.apply(leaf(3)),
    says: 'save_for_backward can only save variables, but argument 0 is of type number',
  },
  custom_no_backward: () => F5.apply(leaf(3)).sum().backward(),
  custom_once() {
    const x = leaf(3);
    const w = leaf(3);
    const [grad] = autograd.grad(F6.apply(x), x, { gradOutputs: w, createGraph: true });
    grad.sum().backward();
  },
};

const messageOf = (run: () => unknown): string | null => {
  try {
    run();
    return null;
  } catch (error) {
    if (!(error instanceof g.GradloomError)) throw error;
    return error.message;
  }
};

test('every mistake of the table has a row, and every row a mistake', (t) => {
  t.deepEqual(Object.keys(rows).sort(), cases.map((c) => c.id).sort());
});

for (const { id, code, message } of cases) {
  const row = rows[id];
  if (row === undefined || (typeof row === 'object' && 'falls' in row)) continue;
  const [run, says] = typeof row === 'function' ? [row, ours(message)] : [row.run, row.says];
  test(`${id}: ${code.split('\n')[0]}`, (t) => {
    const actual = messageOf(run);
    t.is(actual?.slice(0, says.length), says, `the whole message: ${actual}`);
  });
}

test('an error ends with the line of the user that caused it', (t) => {
  const message = messageOf(() => ones([3]).add(ones([4])))!;
  t.regex(message, /\n at test\/errors\.test\.ts:\d+:\d+, in add\(float32\[3\], float32\[4\]\)$/);
});

test('a freed graph names the operation, its line and the line of the first backward', (t) => {
  const y = leaf(3).exp();
  y.sum().backward();
  const message = messageOf(() => y.sum().backward())!;
  t.regex(
    message,
    /\(ExpBackward0 of exp at test\/errors\.test\.ts:\d+:\d+, freed by backward at test\/errors\.test\.ts:\d+:\d+\)$/,
  );
});

test('anomaly mode names the line of the forward operation', (t) => {
  const message = messageOf(() =>
    autograd.detectAnomaly(() => tensor([0], { requiresGrad: true }).sqrt().mul(0).sum().backward()),
  )!;
  t.regex(message, /forward: sqrt\(float32\[1\]\) at test\/errors\.test\.ts:\d+/);
});

const unknownOptions: readonly (readonly [call: () => unknown, message: string])[] = [
  [
    () => (ones([2]) as never as { sum(o: object): Tensor }).sum({ keepDim: true }),
    "sum() got an unexpected keyword argument 'keepDim'",
  ],
  [() => ones([2], { dType: 'float64' } as object), "ones() got an unexpected keyword argument 'dType'"],
  [() => ones([2]).add(1, { beta: 2 } as object), "add() got an unexpected keyword argument 'beta'"],
  [
    () => g.crossEntropy(ones([1, 2]), int(0), { smoothing: 0.1 } as object),
    "crossEntropy() got an unexpected keyword argument 'smoothing'",
  ],
  [
    () => leaf(1).backward(null, { retain: true } as object),
    "Tensor.backward() got an unexpected keyword argument 'retain'",
  ],
  [
    () => autograd.grad(leaf(1), leaf(1), { unused: true } as object),
    "grad() got an unexpected keyword argument 'unused'",
  ],
  [
    () => g.setPrintOptions({ digits: 2 } as object),
    "setPrintOptions() got an unexpected keyword argument 'digits'",
  ],
  [() => g.compile(() => 1, { fast: true } as object), "compile() got an unexpected keyword argument 'fast'"],
  [() => g.rand([1], { seed: 3 } as object), "rand() got an unexpected keyword argument 'seed'"],
];

test('an option that does not exist is an error', (t) => {
  for (const [call, message] of unknownOptions)
    t.true(messageOf(call)?.startsWith(message), `${messageOf(call)} for ${message}`);
});

const badInput: readonly (readonly [call: () => unknown, message: RegExp])[] = [
  [() => ones([2.5]), /sizes must be whole numbers/],
  [() => ones([NaN]), /sizes must be whole numbers/],
  [() => ones([-1]), /Trying to create tensor with negative dimension -1: \[-1\]/],
  [() => ones(3 as never), /a shape is an array of sizes/],
  [() => ones([1], { dtype: 'float16' as never }), /'float16' is not a dtype/],
  [() => tensor('text' as never), /invalid data type 'string'/],
  [() => tensor([1, [2]] as never), /expected a number at dim 1/],
  [() => tensor([[1], 2] as never), /expected sequence of length 1 at dim 1 \(got number\)/],
  [() => tensor(new Float32Array(3), { shape: [2] }), /shape '\[2\]' is invalid for input of size 3/],
  [() => tensor(new Int16Array(3) as never), /invalid data type 'Int16Array'/],
  [() => ones([2]).add('1' as never), /argument \(position 2\) must be Tensor, not string/],
  [() => ones([2]).add(undefined as never), /missing a required argument \(position 2\)/],
  [() => ones([2]).add(new Map() as never), /must be Tensor, not Map/],
  [
    () => ones([2]).add([1, 2] as never),
    /received an invalid combination of arguments - got \(Tensor, array\)/,
  ],
  [() => ones([2]).to('half' as never), /'half' is not a dtype/],
  [() => ones([2]).sum(NaN), /a dimension must be a whole number/],
  [() => g.arange(0, 1, 0), /step must be nonzero/],
  [() => g.arange(Infinity), /unsupported range/],
  [() => g.manualSeed(NaN), /manual_seed expected a number/],
  [
    () =>
      ones([2])
        .requiresGrad_()
        .backward({ retainGraph: true } as never),
    /options come after it/,
  ],
  [() => g.compile(3 as never), /expected a function, but got number/],
  [() => g.compile(() => 1, { backend: 'wasm' as never }), /unknown backend 'wasm'/],
  [
    () => autograd.grad(leaf(2).sum(), leaf(2), null as never),
    /^grad\(\): options must be an object, but got null/,
  ],
  [() => g.noGrad(null as never), /^noGrad\(\): expected a function to run/],
  [() => g.vmap('f' as never), /^vmap\(\): expected a function, but got string/],
  [() => g.jvp((x: Tensor) => x, ones([2]) as never, [ones([2])]), /^jvp: primals must be a list/],
  [() => g.nonzero(null as never), /^nonzero\(\) received an argument that it does not take/],
  [() => new g.nn.Linear(3, -5), /negative dimension/],
  [() => new g.optim.SGD(null as never, { lr: 1 }), /should be an iterable of Tensors/],
];

test('bad input gives typed errors', (t) => {
  for (const [call, message] of badInput) t.regex(messageOf(call) ?? 'nothing', message);
});

test('a call that fails leaves tensors as they were', (t) => {
  const x = leaf(3);
  const y = x.mul(2);
  const { gradFn } = y;
  for (const call of [
    () => y.add_(ones([2])),
    () => y.add_(ones([2, 3])),
    () => y.mul_('a' as never),
    () => x.add_(1),
    () => (x.grad = ones([4])),
    () => y.backward(ones([2])),
    () => y.set([7], 1),
  ])
    t.not(messageOf(call), null);
  t.is(y.gradFn, gradFn);
  t.is(y.version, 0);
  t.is(x.grad, null);
  t.deepEqual(y.toArray(), [2, 2, 2]);
});

test('a type error in a function of the user is passed on as it is', (t) => {
  const broken = (_: Tensor): never => (undefined as never as { x: { y: never } }).x.y;
  t.throws(() => g.grad(broken)(ones([2])), { instanceOf: TypeError });
  t.throws(() => g.compile(broken)(ones([2])), { instanceOf: TypeError });
});

test('what an optimizer computes belongs to the line of its step', (t) => {
  const x = leaf(3);
  const sgd = new g.optim.SGD([x], { lr: 0.1, momentum: 0.9 });
  const step = g.compile(() => {
    x.mul(x).sum().backward();
    sgd.step();
  });
  const origins = step.lower().kernels.flatMap((k) => k.origins);
  const lines = new Set(origins.filter((o) => o.op.endsWith('_')).map((o) => o.line));
  t.is(lines.size, 1);
  t.true(origins.every((o) => o.file.endsWith('errors.test.ts')));
  t.deepEqual(Object.keys(origins[0]), ['op', 'file', 'line', 'column']);
});
