// The text of the special functions (compiler/special), as plain JavaScript: files of kernels hold what they need of it. In: the library's own
// files, which lie beside this one. Out: declarations, one text.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const files = ['special/erf', 'special/gamma', 'special/bessel', 'special'];

interface Compiler {
  transpileModule(text: string, options: { compilerOptions: { target: string } }): { outputText: string };
}

/** From a checkout types are taken out by the compiler that it is developed with; what is installed has none. */
function plain(text: string): string {
  const { transpileModule } = createRequire(import.meta.url)('typescript') as Compiler;
  return transpileModule(text, { compilerOptions: { target: 'ES2022' } }).outputText;
}

export function specialText(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const texts = files.map((file) => {
    const url = new URL(`../../../compiler/${file}.${extension}`, import.meta.url);
    const text = readFileSync(url, 'utf8');
    return extension === 'ts' ? plain(text) : text;
  });
  return texts
    .join('\n')
    .replace(/^export \{.*$/gm, '')
    .replace(/^export /gm, '');
}
