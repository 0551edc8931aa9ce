// Module hooks that serve the files compiled by precompile.js, and leave all others to tsimp.
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = process.env.GRADLOOM_PRECOMPILED;
const table = path ? JSON.parse(readFileSync(path, 'utf8')) : {};

export function resolve(specifier, context, nextResolve) {
  if (/^(\.\.?\/|file:)/.test(specifier)) {
    const { href } = new URL(specifier, context.parentURL);
    if (href in table) return { url: href, format: 'module', shortCircuit: true };
  }
  return nextResolve(specifier, context);
}

export function load(url, context, nextLoad) {
  const entry = table[url];
  if (entry) {
    const [mtime, compiled] = entry;
    try {
      if (statSync(fileURLToPath(url)).mtimeMs === mtime) {
        return { format: 'module', source: readFileSync(compiled, 'utf8'), shortCircuit: true };
      }
    } catch {
      // removed meanwhile: tsimp says so
    }
  }
  return nextLoad(url, context);
}
