// What a generated source may contain. In: its text. Out: every construct that is not on the list below, with its line; an empty list
// means that it is a program of loops over typed arrays and nothing else. The list is closed: an identifier must be declared in the
// source, be one of its parameters, or be named here; text that a user chose can only ever stand in a comment.

import type { AnyNode, Expression, Identifier, Pattern, Program, SpreadElement, Statement } from 'acorn';
import type { Parser } from './parser.ts';

/** The parameters of sources, each of which is the body of a function. */
const parameters = ['buffers', 'helpers', 'routines', 'kernels'];
const values = new Set(['NaN', 'Infinity']);
const arrayTypes = new Set(['Float32Array', 'Float64Array', 'Int32Array', 'Uint8Array', 'ArrayBuffer']);
/** Global objects of which only some properties may be used. */
const properties: Readonly<Record<string, ReadonlySet<string>>> = {
  Math: new Set(Object.getOwnPropertyNames(Math).filter((name) => name !== 'random')),
  Number: new Set(['isNaN', 'isFinite']),
  Object: new Set(['is']),
};
/** Properties of typed arrays. */
const arrayProperties = new Set(['set', 'subarray', 'buffer', 'fill']);
const binaryOperators = new Set('+ - * / % ** & | ^ << >> >>> < <= > >= === !== && ||'.split(' '));
const unaryOperators = new Set(['-', '+', '!', '~']);
const assignmentOperators = new Set(['=', '+=', '-=', '*=']);

interface Scope {
  readonly names: Set<string>;
  readonly outer: Scope | null;
}
const knows = (scope: Scope | null, name: string): boolean =>
  scope !== null && (scope.names.has(name) || knows(scope.outer, name));

const isBuffer = (e: AnyNode): boolean =>
  e.type === 'MemberExpression' &&
  !e.computed &&
  e.object.type === 'Identifier' &&
  e.object.name === 'buffers';

/** What a generated source contains that it must not, one line each. */
export function sourceFaults(source: string, parse: Parser): string[] {
  let program: Program;
  try {
    program = parse(source);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [`does not parse: ${error.message}`];
  }
  const faults: string[] = [];
  const refuse = (n: AnyNode, what: string): void => {
    const text = source.slice(n.start, n.end).split('\n')[0].slice(0, 60);
    const line = source.slice(0, n.start).split('\n').length;
    faults.push(`line ${line}: ${what}: ${text}`);
  };

  const declare = (id: Pattern | null, scope: Scope): void => {
    if (id === null) return;
    if (id.type === 'Identifier') {
      if (
        parameters.includes(id.name) ||
        values.has(id.name) ||
        id.name in properties ||
        arrayTypes.has(id.name)
      )
        refuse(id, 'takes a name that has a meaning');
      scope.names.add(id.name);
    } else refuse(id, 'declares by a pattern');
  };
  /** Functions are known before they are written. */
  const declareFunctions = (body: readonly AnyNode[], scope: Scope): void =>
    body.forEach((s) => s.type === 'FunctionDeclaration' && declare(s.id, scope));

  const statements = (body: readonly AnyNode[], scope: Scope): void => {
    declareFunctions(body, scope);
    body.forEach((s) => statement(s, scope));
  };
  const inBlock = (s: Statement, outer: Scope): void => {
    if (s.type === 'BlockStatement') statements(s.body, { names: new Set(), outer });
    else statement(s, { names: new Set(), outer });
  };
  const statement = (s: AnyNode, scope: Scope): void => {
    switch (s.type) {
      case 'FunctionDeclaration': {
        if (s.async || s.generator) refuse(s, 'is no plain function');
        const inner: Scope = { names: new Set(), outer: scope };
        s.params.forEach((p) => declare(p, inner));
        return statements(s.body.body, inner);
      }
      case 'VariableDeclaration':
        if (s.kind === 'var') refuse(s, 'uses var');
        for (const d of s.declarations) {
          if (d.id.type === 'ObjectPattern') {
            // const { powOf } = helpers
            if (d.init?.type !== 'Identifier' || d.init.name !== 'helpers')
              refuse(d, 'takes an object apart');
            for (const p of d.id.properties)
              if (p.type === 'Property' && p.shorthand && p.value.type === 'Identifier')
                declare(p.value, scope);
              else refuse(p, 'renames');
          } else {
            if (d.init) expression(d.init, scope);
            else refuse(d, 'declares without a value');
            declare(d.id, scope);
          }
        }
        return;
      case 'ExpressionStatement':
        if (s.directive === undefined) expression(s.expression, scope);
        else if (s.directive !== 'use strict') refuse(s, 'is a directive');
        return;
      case 'ReturnStatement':
        return s.argument ? expression(s.argument, scope) : undefined;
      case 'BlockStatement':
        return inBlock(s, scope);
      case 'IfStatement':
        expression(s.test, scope);
        inBlock(s.consequent, scope);
        return s.alternate ? inBlock(s.alternate, scope) : undefined;
      case 'ForStatement': {
        const inner: Scope = { names: new Set(), outer: scope };
        if (s.init?.type === 'VariableDeclaration') statement(s.init, inner);
        else refuse(s, 'loops without a variable of its own');
        if (s.test && s.update) [s.test, s.update].forEach((e) => expression(e, inner));
        else refuse(s, 'loops without a test or a step');
        return inBlock(s.body, inner);
      }
      default:
        refuse(s, s.type);
    }
  };

  const reference = (id: Identifier, scope: Scope): void => {
    if (!knows(scope, id.name) && !values.has(id.name)) refuse(id, 'is not declared');
  };
  /** `Math.exp`, `buffers.in0`, `$x.set`, `buffers.in0.subarray`. */
  const named = (e: AnyNode, scope: Scope): void => {
    if (e.type !== 'MemberExpression' || e.computed || e.property.type !== 'Identifier')
      return refuse(e, 'is no named property');
    const { object, property } = e;
    if (property.name === 'subarray' && isBuffer(object)) return;
    if (object.type !== 'Identifier') return refuse(e, 'names a property of a value');
    if (parameters.includes(object.name)) {
      if (object.name === 'routines' && !/^run\d+$/.test(property.name)) refuse(e, 'is no routine');
    } else if (object.name in properties && !knows(scope, object.name)) {
      if (!properties[object.name].has(property.name)) refuse(e, 'is not a function of numbers');
    } else {
      reference(object, scope);
      if (!arrayProperties.has(property.name)) refuse(e, 'is no property of an array');
    }
  };
  const expression = (e: Expression | SpreadElement, scope: Scope): void => {
    switch (e.type) {
      case 'Literal':
        if (typeof e.value !== 'number') refuse(e, 'is no number');
        return;
      case 'Identifier':
        return reference(e, scope);
      case 'BinaryExpression':
      case 'LogicalExpression':
        if (!binaryOperators.has(e.operator)) refuse(e, `uses ${e.operator}`);
        if (e.left.type === 'PrivateIdentifier') return refuse(e.left, 'is private');
        expression(e.left, scope);
        return expression(e.right, scope);
      case 'UnaryExpression':
        if (!unaryOperators.has(e.operator)) refuse(e, `uses ${e.operator}`);
        return expression(e.argument, scope);
      case 'ConditionalExpression':
        return [e.test, e.consequent, e.alternate].forEach((x) => expression(x, scope));
      case 'UpdateExpression':
        return e.argument.type === 'Identifier'
          ? reference(e.argument, scope)
          : refuse(e, 'counts no variable');
      case 'AssignmentExpression':
        if (!assignmentOperators.has(e.operator)) refuse(e, `uses ${e.operator}`);
        if (e.left.type === 'Identifier') reference(e.left, scope);
        else if (e.left.type === 'MemberExpression' && e.left.computed) expression(e.left, scope);
        else refuse(e.left, 'is no place to store in');
        return expression(e.right, scope);
      case 'MemberExpression':
        if (!e.computed) return named(e, scope);
        if (e.object.type !== 'Identifier') return refuse(e, 'takes an element of no named array');
        reference(e.object, scope);
        if (e.property.type === 'PrivateIdentifier') return refuse(e, 'is private');
        return expression(e.property, scope);
      case 'CallExpression':
        if (e.callee.type === 'Identifier') reference(e.callee, scope);
        else named(e.callee, scope);
        return e.arguments.forEach((a) => expression(a, scope));
      case 'NewExpression':
        if (e.callee.type !== 'Identifier' || !arrayTypes.has(e.callee.name))
          refuse(e, 'makes no typed array');
        return e.arguments.forEach((a) => expression(a, scope));
      case 'ArrayExpression':
        return e.elements.forEach((a) => (a ? expression(a, scope) : refuse(e, 'has a hole')));
      case 'ObjectExpression':
        // return { run, kernels: { ... } }
        for (const p of e.properties)
          if (p.type === 'Property' && !p.computed && !p.method && p.kind === 'init')
            expression(p.value, scope);
          else refuse(p, 'is no plain property');
        return;
      default:
        refuse(e, e.type);
    }
  };

  statements(program.body, { names: new Set(), outer: null });
  const lines = source.trimEnd().split('\n');
  if (lines[0] !== "'use strict';") faults.push('does not begin with use strict');
  if (!/^\/\/# sourceURL=[\w./-]+$/.test(lines[lines.length - 1]))
    faults.push(`ends with ${JSON.stringify(lines[lines.length - 1])} instead of a sourceURL`);
  return faults;
}
