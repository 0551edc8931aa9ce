import { tensor, ones, randn, manualSeed } from '../index.ts';
const x = ones([3, 3, 3], { requiresGrad: true });
console.log(x);
console.log(String(x.data)); console.log(x.grad);
const y = x.mul(3);
console.log(y); console.log(String(y.gradFn));
y.backward(ones([3,3,3]));
console.log(x.grad);
const z = y.mul(y).mul(y);
console.log(z);
manualSeed(0);
const g = randn([3,3,3]);
console.log(g);
try { y.backward(g) } catch (e) { console.log(String(e)) }
console.log(z.gradFn!.nextFunctions.map(String));
try { tensor([1,2]).add(tensor([1,2,3])) } catch (e) { console.log(String(e)) }
