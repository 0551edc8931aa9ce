// Section 1.1 to 1.7: tensors, backward, modes, writes in place, hooks, custom functions and checks. In: nothing. Out: for each feature,
// by its section and name in test/fixtures/section-1.json, what holds it: 'file: title of a test', 'errors: id of a row of errors.test.ts'.

import type { Section } from './proof.ts';

export const recording: Readonly<Record<string, Section>> = {
  '1.1 Tensors, leaves, .grad': {
    'requires_grad at creation': [
      'autogradSurface: only tensors of floats are created with the flag',
      'errors: int_requires_grad_ctor',
    ],
    'requires_grad_() / setter': [
      'autogradSurface: the flag of a leaf may be set to anything, that of a result only to true',
      'errors: int_requires_grad_method',
      'errors: int_requires_grad_set',
      'errors: nonleaf_requires_grad_false',
      'errors: nonleaf_requires_grad_set_false',
    ],
    'recording rule': ['autograd: an operation is recorded if grad mode is on and an input requires grad'],
    leaf: ['autograd: a leaf is what no recorded operation made'],
    '.grad before backward': [
      'autograd: .grad is null before backward, and a tensor without history after it',
    ],
    '.grad of a non-leaf': [
      'autogradSurface: reading .grad of a result warns once per line, unless it retains its gradient',
    ],
    '.grad dtype and shape': ['autograd: .grad has the dtype of its tensor, whatever lies between'],
    'assigning .grad': [
      'autogradSurface: only null and tensors are assigned to .grad',
      'errors: assign_grad_size',
      'errors: assign_grad_dtype',
      'errors: assign_grad_self',
    ],
    accumulation: [
      'autograd: gradients accumulate in the same tensor',
      'autograd: with createGraph gradients accumulate in a new tensor that has a history',
      'autograd: a gradient that was taken over is not the gradient of another leaf',
      'autograd: the contributions of several paths are summed',
    ],
    zeroing: ['autograd: .grad can be set to null, zeroed in place, and replaced'],
    'retain_grad()': [
      'hooks: a tensor in the middle keeps its gradient if it is asked to, and adds further ones',
      'hooks: retainGrad does nothing to a leaf',
      'errors: retain_grad_nograd',
    ],
    'detach()': [
      'autogradSurface: detach shares storage and the count of writes, and has no history',
      'autogradSurface: detach_ cuts a result off from its history, but no view',
    ],
    '.data': [
      'autogradSurface: what is written to data has no history, and the gradient is that of the value that was read',
      'tensor: assigning data writes the value and keeps the tensor',
    ],
    'clone()': ['autogradSurface: a clone is the identity to gradients and has storage of its own'],
    'item(), tolist(), numpy(), bool()': [
      'autogradSurface: values of tensors that require grad can be read',
      'errors: item_multi',
    ],
    Parameter: ['tensor: a Parameter is a leaf that shares the storage of its data'],
  },
  '1.2 backward and grad': {
    'y.backward()': [
      'errors: backward_nonscalar',
      'errors: backward_no_grad',
      'errors: backward_no_grad_second',
    ],
    'y.backward(g)': [
      'autograd: a vector-Jacobian product needs a gradient of the shape of the output',
      'autograd: a gradient of another dtype is cast',
      'errors: grad_output_shape',
      'errors: grad_output_0d',
    ],
    'autograd.backward([a,b],[ga,gb])': [
      'autograd: an output may be a root twice, and several roots are one backward',
      'errors: too_few_grads',
    ],
    'retain_graph=False (default = value of create_graph)': [
      'autograd: exp keeps something, so a second backward is an error that names who freed it',
      'autograd: sum keeps nothing, so its backward may run twice',
      'autograd: retainGraph keeps what backward needs',
      'autograd: createGraph implies retainGraph',
      'errors: backward_twice',
      'errors: backward_twice_mul_scalar',
    ],
    'partial effects': [
      'autograd: a failing backward leaves what it had done',
      'hooks: a hook that throws stops backward; what had run stays',
    ],
    'create_graph=True': [
      'autograd: backward with createGraph warns once, grad does not',
      'autograd: a Hessian-vector product by two backwards',
    ],
    'inputs=': ['autograd: backward adds only to the inputs that are named', 'errors: backward_empty_inputs'],
    'autograd.grad(outs, ins, grad_outputs)': [
      'autograd: grad gives a list and leaves .grad alone',
      'autograd: grad of a tensor by itself is one',
      'autogradSurface: the same input twice gets its gradient twice',
      'errors: grad_unused',
      'errors: grad_not_requires',
      'errors: grad_empty_inputs',
    ],
    'allow_unused, materialize_grads (2.x)': [
      'autograd: unused inputs give null, or zeros',
      'autograd: backward refuses materializeGrads without allowUnused',
    ],
    is_grads_batched: [
      'autograd: several gradients at once are what one after the other gives',
      'autograd: several gradients at once can be differentiated again',
      'errors: grads_batched_shape',
    ],
    'undefined gradients': [
      'function: a backward may return null, and then no gradient arrives',
      'autogradSurface: a backward that gives no gradient at all leaves .grad as it was',
    ],
    'zero gradients': [
      'autograd: floor has a gradient that is zero, not null',
      'autograd: sign has a gradient that is zero, not null',
      'autograd: x ** 0 has a gradient that is zero, not null',
    ],
    broadcasting: ['autograd: an operand that was broadcast gets the sum over its copies'],
    'duplicate indices': ['autograd: gradients of elements that were read several times add up'],
    'empty tensors': ['autograd: empty tensors have empty gradients'],
    'order of execution': ['hooks: hooks run from the youngest function to the oldest, leaves at once'],
    'second derivative of a linear function': [
      'autograd: the gradient of a linear function has no history',
      'errors: second_order_of_linear',
    ],
    'non-differentiable ops': [
      'autogradSurface: what has no derivative gives results that require no grad',
      'errors: not_implemented',
    ],
    'higher order': [
      'autograd: any order of derivative by repetition',
      'autogradSurface: x ** 4 differentiated five times',
    ],
    'GradientEdge (2.x)': ['autograd: an edge of the graph stands for its tensor'],
    'graph walk': [
      'autograd: gradFn names the operation and leads to those before it',
      'autograd: what requires no grad is null among the next functions',
      "autograd: metadata on a function is the user's own",
      'autograd: saved values are those that were read, with their place in the graph',
      'errors: saved_after_free',
    ],
  },
  '1.3 Grad modes': {
    no_grad: [
      'autograd: modes nest, and are restored after an error',
      'autograd: a view that was made under noGrad is not written outside of it',
    ],
    'enable_grad, set_grad_enabled(b)': [
      'autograd: modes nest, and are restored after an error',
      'autograd: a mode for asynchronous code holds until it is done',
    ],
    'inference mode': [
      'autograd: tensors of inference mode can be read and added, but not kept for backward',
      'autograd: tensors of inference mode cannot become variables or be written later on',
      'errors: inference_saved',
    ],
    'factories in no_grad': ['autograd: factories under noGrad still make leaves that require grad'],
    'eval()/train()': ['autogradSurface: evaluation mode of a module has nothing to do with recording'],
  },
  '1.4 In-place operations and views': {
    'version counter': ['tensor: the version counts writes to a storage, by any of its views'],
    'what is saved decides': [
      'autogradSurface: what an operation keeps is what its derivative reads',
      'autograd: what was read before a write in place keeps its value for backward',
    ],
    'leaf in place': [
      'autograd: a leaf that requires grad, or a view of it, is not written in place',
      'autograd: a leaf may be written in place under noGrad, and what was recorded keeps what it read',
      'errors: inplace_leaf',
      'errors: inplace_view_of_leaf',
    ],
    'in-place on non-leaf': [
      'views: an in-place operation gives a tensor that is no leaf a new history',
      'hooks: hooks registered before a write in place stay with the old value',
    ],
    'setitem, in-place on views': [
      'views: a write through a view reaches the whole, and the view has a history through it',
      'views: a view that was made before the whole was written has a history through the new value',
    ],
    'multi-output views': [
      'autograd: one of several views of a call is not written in place',
      'errors: unbind_inplace',
      'errors: split_inplace',
    ],
  },
  '1.5 Hooks': {
    'tensor.register_hook(f)': [
      'hooks: a hook sees the gradient when all paths have been added',
      'hooks: what a hook returns takes the place of the gradient, for all hooks after it',
      'hooks: a hook that was removed is not called; removing it twice does no harm',
      'errors: register_hook_nograd',
      'errors: hook_size',
      'errors: hook_type',
    ],
    'node.register_hook(f)': [
      'hooks: a hook on a function sees the gradients of its inputs and of its outputs, and may replace the former',
      'hooks: a prehook sees the gradients of the outputs before the function runs, and may replace them',
    ],
    'register_post_accumulate_grad_hook (2.1)': [
      'hooks: a post-accumulate hook runs after .grad has been updated',
      'hooks: refused: a post-accumulate hook on what is no leaf',
    ],
    order: [
      'hooks: hooks of the tensor come before prehooks of the function, whatever the order of registration',
      'hooks: a retained gradient is taken after the hooks of the tensor and before the prehooks of the function',
      'hooks: a retained gradient is what the hooks leave, whatever the order of registration',
    ],
    'with autograd.grad': [
      'hooks: grad calls the hooks of its inputs, but does not run what lies behind them',
    ],
    register_multi_grad_hook: [
      'hooks: a hook on several tensors runs once per backward, when all have their gradients',
      'hooks: in the mode any it runs at the first gradient',
    ],
  },
  '1.6 Custom functions': {
    'Function.forward(ctx, ...), backward(ctx, *g), apply': [
      "function: the result carries one function with the class's name",
      'errors: custom_count',
      'errors: custom_shape',
      'errors: custom_type',
    ],
    save_for_backward: [
      'function: saved tensors are freed with the graph, other data is not',
      'errors: custom_save',
    ],
    'setup_context (2.0)': ['function: setupContext separates the forward from what is kept'],
    'mark_non_differentiable, mark_dirty, set_materialize_grads(False), needs_input_grad': [
      'function: results marked as not differentiable require no grad',
      'function: an argument that was changed in place gets the new history itself',
      'function: gradients that nobody gave arrive as zeros',
      'function: with setMaterializeGrads(false) they arrive as null',
      'function: needsInputGrad says which arguments require grad',
    ],
    once_differentiable: [
      'function: a backward that is once differentiable works as any other',
      'function: differentiating its gradient is an error',
    ],
    'jvp static method, vmap static method, generate_vmap_rule': [
      'autogradSurface: the tangent of a custom function comes from its backward',
      'transforms: custom functions keep their backward within vmap',
    ],
    'no backward defined': ['errors: custom_no_backward'],
    'forward runs in no_grad; forward may return inputs, None, non-tensors': [
      'function: the forward is not recorded',
      'function: an argument that is returned becomes a tensor of its own',
      'function: several results are outputs of one function; what is no tensor is passed on',
    ],
  },
  '1.7 Checks': {
    gradcheck: [
      'gradcheck: a wrong gradient is shown beside the right one',
      'gradcheck: an output without gradient must not depend on the inputs',
      'gradcheck: a backward that adds something of its own is found',
      'gradcheck: a backward that differs from run to run is found',
      'gradcheck: a backward that cannot take undefined gradients is found',
      'gradcheck: inputs of single precision give a warning',
      'gradcheck: a wrong tangent is found by checkForwardAd only, and said to be one',
      'gradcheck: an expanded input passes: its elements are moved one by one, in a copy',
      'errors: gradcheck_none',
      'errors: gradcheck_mismatch',
    ],
    fast_mode: ['gradcheck: fast mode shows both: the two numbers, and the whole Jacobians'],
    gradgradcheck: [
      'gradcheck: a wrong gradient of the gradient is found by gradgradcheck only',
      'gradcheck: a wrong tangent of a gradient is found by checkFwdOverRev',
    ],
    'detect_anomaly(check_nan=True)': [
      "anomaly: a NaN in a gradient names the function and its output in PyTorch's words",
      'anomaly: it says where the backward was called, and where and on what the forward operation',
      'anomaly: infinities are looked for only on request',
      'errors: anomaly_second_output',
    ],
  },
};
