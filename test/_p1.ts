import { input } from '/work/main/ops/source.ts';
import { matmul } from '/work/main/ops/matmul.ts';
import { transpose } from '/work/main/ops/view.ts';
import { compileNodes } from '/work/main/test/helpers/compile.ts';
import { makeGraph } from '/work/main/compiler/graph.ts';
import { interpret } from '/work/main/runtime/interpret.ts';
const list = [0, 1, -1, 2, 46341, -46341, 65537, 2147483647, -2147483648, 123456789];
const grid = [list.flatMap((a) => list.map(() => a)), list.flatMap(() => list)];
const [a,b]=[input({shape:[10,10],dtype:'int32'}),input({shape:[10,10],dtype:'int32'})];
const o=matmul(a, transpose(b,0,1));
const c=compileNodes([a,b],[o]);
const exact=[];for(let i=0;i<10;i++)for(let j=0;j<10;j++){let s=0n;for(let k=0;k<10;k++)s+=BigInt(grid[0][i*10+k])*BigInt(grid[1][j*10+k]);exact.push(Number(BigInt.asIntN(32,s)));}
const r=c.run(grid)[0], q=interpret(makeGraph([a,b],[o]),grid)[0];
let ni=0,nc=0;for(let i=0;i<100;i++){if(r[i]!==exact[i])nc++;if(q[i]!==exact[i])ni++;}
console.log(nc,ni,exact[70],r[70],q[70]);
console.log(c.built.source);
