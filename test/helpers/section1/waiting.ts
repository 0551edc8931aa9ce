// Section 1, what is not there. In: nothing. Out: by section and name, why a whole feature waits, and which part of one that is held is missing.

type Reasons = Readonly<Record<string, Readonly<Record<string, string>>>>;

const complex = 'there are no complex dtypes yet';
const dual = 'jvp is a transform of functions; there are no levels and no dual tensors';
const values =
  'operations read the value there was when they were called, so nothing that was saved is ever invalidated';

/** Features that are not there at all. */
export const waiting: Reasons = {
  '1.4 In-place operations and views': {
    'out=': 'there are no out= arguments',
    'allow_mutation_on_saved_tensors (2.x)': values,
  },
  '1.8 Complex': {
    'conjugate Wirtinger convention': complex,
    'gradients of complex functions': complex,
    'implicit backward of a complex scalar': complex,
  },
  '1.11 Forward mode': {
    'dual_level, make_dual, unpack_dual': dual,
    'errors and printing of dual tensors': dual,
    'missing forward formula': 'tangents come from the derivative that every operator has',
  },
  '1.12 torch.func and JAX transforms': {
    functionalize: 'graphs never hold a write: in-place operations give a cell a new value',
  },
  '1.13 Control flow in a static graph': {
    'associative_scan, custom_root, custom_linear_solve':
      'not written yet; cumulative operators and customVjp are there',
  },
};

/** Parts of features that are held otherwise. */
export const missing: Reasons = {
  '1.1 Tensors, leaves, .grad': {
    '.data': `writes are never seen by what was recorded before, so gradients are not silently wrong: ${values}`,
    'item(), tolist(), numpy(), bool()':
      'toTypedArray gives a copy, so it is allowed; JavaScript has no hook for truth',
  },
  '1.2 backward and grad': { 'y.backward(g)': complex },
  '1.3 Grad modes': {
    'enable_grad, set_grad_enabled(b)':
      'modes are functions that take a function, so no generator suspends within one',
  },
  '1.4 In-place operations and views': {
    'version counter': `the error cannot arise: ${values}`,
  },
  '1.6 Custom functions': {
    'jvp static method, vmap static method, generate_vmap_rule':
      'none is needed: tangents and batches go through forward and backward',
  },
  '1.7 Checks': {
    gradcheck:
      'inputs of stride 0 are not refused, as nothing has strides: elements are moved one by one in a copy, so numeric derivatives are right for expanded inputs too; gradients always have the dtype of their inputs; there is nothing sparse to check',
  },
  '1.12 torch.func and JAX transforms': {
    'linearize, linear_transpose (JAX)': 'linear_transpose is the second result of vjp',
    'custom_vjp (fwd -> residuals, bwd), custom_jvp (+defjvps, nondiff_argnums, symbolic_zeros)':
      'all arguments are tensors, and the rule is given with the function: no defjvps, nondiff_argnums and symbolic_zeros',
    'checkpoint / remat with policy': 'there are no policies yet',
    'saved-tensor hooks (pack, unpack)': 'memory has one place, so saveOnCpu copies nothing',
  },
};
