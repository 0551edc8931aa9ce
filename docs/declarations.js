// Documentation for editors: part of `npm run build`. In: what tsc wrote to dist/, and the docstrings of ops/. Out: runtime/operators.d.ts and
// the methods of runtime/methods.d.ts with one documented declaration per name. tsc itself loses them, because the functions and
// methods are typed by mapping over the operators.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const path = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url));

/** The docstring of each operator, by its name. */
export function operatorDocs() {
  const entry = path('ops/index.ts');
  const { config } = ts.readConfigFile(path('tsconfig.json'), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, path('.'));
  const program = ts.createProgram([entry], { ...options, types: [] });
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)));
  const docOf = (symbol) => {
    const own = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return ts.displayPartsToString(own.getDocumentationComment(checker));
  };
  return new Map(exported.map((symbol) => [symbol.name, docOf(symbol)]));
}

const comment = (text, indent) =>
  text === '' ? '' : `${indent}/** ${text.replace(/\*\//g, '*\\/').replace(/\n/g, `\n${indent} * `)} */\n`;

/** `names` is a name and what it is called as a member. */
const members = (names, docs) =>
  names
    .map(
      ([name, member]) =>
        `${comment(docs.get(name) ?? '', '    ')}    ${member}: MethodOf<Functions['${name}']>;`,
    )
    .join('\n');

/** Replaces a type of a declaration file by an interface with the same members. */
function withInterface(text, type, body) {
  const pattern = new RegExp(`^type ${type} = \\{\\n[^]*?^\\};$`, 'm');
  if (!pattern.test(text)) throw new Error(`dist/runtime/methods.d.ts has no ${type}`);
  return text.replace(pattern, () => `interface ${type} {\n${body}\n}`);
}

async function main() {
  const docs = operatorDocs();
  const operators = await import(new URL('../dist/runtime/operators.js', import.meta.url).href);
  const lines = Object.keys(operators).map(
    (name) => `${comment(docs.get(name) ?? '', '')}export declare const ${name}: Functions['${name}'];\n`,
  );
  writeFileSync(
    path('dist/runtime/operators.d.ts'),
    `import type { Functions } from './functions.ts';\n${lines.join('')}`,
  );

  const table = await import(new URL('../dist/runtime/table.js', import.meta.url).href);
  const special = new Set(['max', 'min', 'median', 'nanmedian']);
  const file = path('dist/runtime/methods.d.ts');
  const plain = table.methodNames.filter((name) => !special.has(name)).map((name) => [name, name]);
  const inPlace = [...table.inplaceNames, ...table.inplaceViewNames].map((name) => [name, `${name}_`]);
  let text = readFileSync(file, 'utf8');
  const specials = [...special]
    .map((name) => `${comment(docs.get(name) ?? '', '    ')}    ${name}: SpecialMethods['${name}'];`)
    .join('\n');
  text = withInterface(text, 'OperatorMethods', `${specials}\n${members(plain, docs)}`);
  text = text.replace(
    /^type InplaceMethods = [^]*?\};$/m,
    () => `interface InplaceMethods {\n${members(inPlace, docs)}\n}`,
  );
  writeFileSync(file, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
