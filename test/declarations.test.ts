// What an editor shows: every public name has a docstring. In: the exports of index.ts, as TypeScript sees them. Operators have those of
// ops/, which the build writes into the declarations (docs/declarations.js).

import { fileURLToPath } from 'node:url';
import test from 'ava';
import ts from 'typescript';
import { operatorDocs } from '../docs/declarations.js';
import { functions } from '../runtime/functions.ts';

const entry = fileURLToPath(new URL('../index.ts', import.meta.url));
const program = ts.createProgram([entry], {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  allowImportingTsExtensions: true,
  strict: true,
  noEmit: true,
  types: [],
});
const checker = program.getTypeChecker();
const operators = new Set(Object.keys(functions));

const originalOf = (symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
const exportsOf = (module: ts.Symbol): readonly ts.Symbol[] => checker.getExportsOfModule(module);

/** The exports without a docstring, also those of the namespaces among them. */
function bareIn(module: ts.Symbol, path = ''): string[] {
  return exportsOf(module).flatMap((symbol) => {
    const original = originalOf(symbol);
    if (operators.has(symbol.name)) return [];
    if (original.flags & ts.SymbolFlags.ValueModule) return bareIn(original, `${path}${symbol.name}.`);
    return original.getDocumentationComment(checker).length > 0 ? [] : [path + symbol.name];
  });
}

test('every operator has a docstring', (t) => {
  const docs = operatorDocs();
  t.deepEqual(
    [...operators].filter((name) => !docs.get(name)),
    [],
  );
});

test('every other export has a docstring', (t) => {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)!;
  t.true(exportsOf(module).length > 400);
  t.deepEqual(bareIn(module), []);
});
