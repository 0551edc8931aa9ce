import { input } from '/work/main/ops/source.ts';
import { matmul } from '/work/main/ops/matmul.ts';
import { sum, prod, } from '/work/main/ops/reduce.ts';
import { cumsum } from '/work/main/ops/scan.ts';
import { scatterAdd } from '/work/main/ops/index-scatter.ts';
import { cast } from '/work/main/ops/cast.ts';
import { add,mul, sub } from '/work/main/ops/binary.ts';
import { gt } from '/work/main/ops/compare.ts';
import { transpose } from '/work/main/ops/view.ts';
import { disagreement } from '/work/main/test/helpers/agree.ts';
import { compileNodes } from '/work/main/test/helpers/compile.ts';
import { makeGraph } from '/work/main/compiler/graph.ts';
const L = {int32:[0, 1, -1, 2, 46341, -46341, 65537, 2147483647, -2147483648, 123456789],uint8:[0, 1, 2, 15, 16, 17, 127, 128, 200, 255]} as const;
for (const dtype of ['int32','uint8'] as const){
const list=L[dtype];
const grid = [list.flatMap((a) => list.map(() => a)), list.flatMap(() => [...list])];
const a=()=>input({shape:[10,10],dtype});
const fs:any={
 mm:(x:any,y:any)=>matmul(x,transpose(y,0,1)), castmm:(x:any,y:any)=>cast(matmul(x,transpose(y,0,1)),'float64'),
 mv:(x:any,y:any)=>cast(sum(matmul(x,y),1),'float64'),
 castsum:(x:any,y:any)=>cast(sum(mul(x,y),1,false),'float64'),
 castsum32:(x:any,y:any)=>cast(cast(sum(mul(x,y),1,false),dtype),'float64'),
 sumsub:(x:any,y:any)=>sub(x,cast(sum(y,1,true),dtype)),
 gtsum:(x:any,y:any)=>gt(x,cast(sum(y,1,true),dtype)),
 prod:(x:any,y:any)=>cast(prod(x,1),'float64'),
 sum0:(x:any,y:any)=>add(cast(sum(x,0),'float64'),cast(y,'float64')),
 sumall:(x:any,y:any)=>cast(sum(x),'float64'),
 cumsum:(x:any,y:any)=>cast(cumsum(x,1),'float64'),
};
for (const k of Object.keys(fs)){ const [x,y]=[a(),a()]; const o=fs[k](x,y); const d=disagreement(makeGraph([x,y],[o]),grid,{exact:true}); console.log(dtype,k,o.inputs[0]?.type.dtype,d??'ok'); if(d&&process.argv[2]===k)console.log(compileNodes([x,y],[o]).built.source);}
}
