/** The docstring of each operator, by its name. */
export function operatorDocs(): ReadonlyMap<string, string>;
