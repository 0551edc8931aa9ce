// Identifiers of generated sources. In: words from operators, which may be anything. Out: identifiers that are legal, unique in
// their scope and taken by nothing else. Nothing that a user typed comes through here.

/** JavaScript's own words, and what generated sources use for themselves. */
const reserved = new Set(
  (
    'await break case catch class const continue debugger default delete do else enum eval export extends false finally for ' +
    'function if implements import in instanceof interface let new null package private protected public return static super ' +
    'switch this throw true try typeof undefined var void while with yield arguments async of NaN Infinity Math Number Object ' +
    'buffers helpers routines run kernels'
  ).split(' '),
);

/** The names of a scope; those of an outer scope are taken as well. */
export class Names {
  private readonly taken = new Map<string, number>();

  constructor(private readonly outer: Names | null = null) {}

  has(name: string): boolean {
    return this.taken.has(name) || (this.outer?.has(name) ?? false);
  }

  /** True if this scope itself has it. */
  hasOwn(name: string): boolean {
    return this.taken.has(name);
  }

  reserve(name: string): this {
    this.taken.set(name, Math.max(this.taken.get(name) ?? 0, 1));
    return this;
  }

  /** `base` if it is free, else `base` with the first free number. */
  fresh(base: string): string {
    const clean = base.replace(/[^A-Za-z0-9_]/g, '').replace(/^[0-9]+/, '') || 'value';
    let count = this.taken.get(clean) ?? 0;
    let name = count === 0 && !reserved.has(clean) && !this.has(clean) ? clean : '';
    while (name === '' || this.has(name)) name = `${clean}${++count}`;
    this.taken.set(clean, Math.max(count, 1));
    this.reserve(name);
    return name;
  }
}

/** A name that is free in the whole program and in one kernel. */
export function scratchName(base: string, kernel: Names, unique: (base: string) => string): string {
  let name: string;
  do name = unique(base);
  while (kernel.hasOwn(name));
  kernel.reserve(name);
  return name;
}
