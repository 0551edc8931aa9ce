import { compile, tensor, valueAndGrad, gelu, add } from 'gradloom';
import * as g from 'gradloom';
console.log(Object.keys(g).length, 'nn' in g, 'optim' in g);
const f = compile(valueAndGrad((x: g.Tensor) => gelu(x.mul(0.5).add(0.1), { approximate: 'tanh' }).sum()));
const x = tensor(new Float32Array(10000).fill(0.3));
const r = f(x);
console.log(r);
console.log(f.programs[0].source);
