// What a user calls the parameters of a function, read off its text when somebody asks. In: a function. Out: a name for the number of an
// argument, or null where it has none: of a pattern, of a function without a text, where there is no parser (a browser).

import type { AnyNode, Pattern } from 'acorn';
import { sourceParser } from './parser.ts';

export type NameOf = (argument: number) => string | null;

/** The parameters of the function that a text is, or null if it is none: a native function, a class with private fields. */
function parametersIn(text: string): readonly Pattern[] | null {
  const parse = sourceParser();
  if (parse === null) return null;
  // a method has no `function` before its name
  for (const source of [`(${text})`, `({ ${text} })`]) {
    let found: AnyNode;
    try {
      [found] = parse(source).body;
    } catch (error) {
      if (error instanceof SyntaxError) continue;
      throw error;
    }
    if (found.type !== 'ExpressionStatement') continue;
    const { expression } = found;
    const [property] = expression.type === 'ObjectExpression' ? expression.properties : [];
    const fn = property?.type === 'Property' ? property.value : expression;
    if (fn.type === 'ArrowFunctionExpression' || fn.type === 'FunctionExpression') return fn.params;
  }
  return null;
}

const textOf = (fn: (...args: never[]) => unknown): string => Function.prototype.toString.call(fn);

/** Parses when the first name is asked for. */
export function parameterNames(fn: (...args: never[]) => unknown): NameOf {
  let parameters: readonly Pattern[] | null | undefined;
  return (argument) => {
    parameters ??= parametersIn(textOf(fn)) ?? [];
    const rest = parameters.at(-1);
    if (rest?.type === 'RestElement' && argument >= parameters.length - 1)
      return rest.argument.type === 'Identifier'
        ? `${rest.argument.name}[${argument - parameters.length + 1}]`
        : null;
    const parameter = parameters[argument];
    const target = parameter?.type === 'AssignmentPattern' ? parameter.left : parameter;
    return target?.type === 'Identifier' ? target.name : null;
  };
}
