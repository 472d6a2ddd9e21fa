/**
 * Activations that a graph spells out operator by operator: GELU, swish, mish, softsign. Every tensor remembers what it is of
 * those before, as text in a normal form, so that the order of factors and summands does not matter.
 */

import type { Expression, TensorValue, Value } from './value.js';

/** Beyond this nothing is an activation that is known. */
const LONGEST = 100;

const text = (factors: readonly string[]): string =>
  factors.length === 1 ? factors[0] : `(${factors.join('*')})`;
const sum = (a: string, b: string): string => `(${[a, b].sort().join('+')})`;
const product = (...factors: readonly string[]): string[] => [...factors].sort();
const number = (value: number): string => String(Number(value.toPrecision(6)));

const known = new Map([
  [text(product('x', 'Sigmoid(x)')), 'swish'],
  [text(product('x', 'Tanh(Softplus(x))')), 'mish'],
  [text(product('x', `1/${sum('1', 'Abs(x)')}`)), 'softsign'],
  [text(product('x', '0.5', sum('1', `Erf(${text(product('x', number(Math.SQRT1_2)))})`))), 'gelu'],
]);

/** What a value may be seen as: itself, a number, or what it is of others. */
function views(value: Value): (Expression | number)[] {
  if (value.kind === 'part') return [...value.expressions];
  if (value.kind === 'tensor') return [{ of: value, factors: ['x'] }, ...value.expressions];
  if (value.kind === 'constant' && value.constant.floats?.length === 1 && value.constant.shape.length < 2)
    return [value.constant.floats[0]];
  return [];
}

/** A function of one value: `Erf`, `Tanh`. */
export function functionOf(name: string, value: Value): Expression[] {
  return views(value).flatMap((view) =>
    typeof view === 'number' ? [] : short({ ...view, factors: [`${name}(${text(view.factors)})`] }),
  );
}

/** A product, quotient or sum of two values that are of the same tensor, or of which one is a number. */
export function combined(operator: 'Mul' | 'Div' | 'Add', left: Value, right: Value): Expression[] {
  const found: Expression[] = [];
  for (const a of views(left))
    for (const b of views(right)) {
      if (typeof a === 'number' && typeof b === 'number') continue;
      if (typeof a !== 'number' && typeof b !== 'number' && a.of.tensor !== b.of.tensor) continue;
      const base = (typeof a === 'number' ? b : a) as Expression;
      if (operator === 'Div') {
        if (typeof a === 'number') continue;
        const inverse = typeof b === 'number' ? number(1 / b) : `1/${text(b.factors)}`;
        found.push(...short({ ...base, factors: product(...a.factors, inverse) }));
        continue;
      }
      const [first, second] = [a, b].map((one) => (typeof one === 'number' ? [number(one)] : one.factors));
      const factors = operator === 'Mul' ? product(...first, ...second) : [sum(text(first), text(second))];
      found.push(...short({ ...base, factors }));
    }
  return found;
}

const short = (expression: Expression): Expression[] =>
  text(expression.factors).length > LONGEST ? [] : [expression];

/** The activation that one of the expressions is, and of what. */
export function activationIn(
  expressions: readonly Expression[],
): { name: string; of: TensorValue } | undefined {
  for (const { of, factors } of expressions) {
    const name = known.get(text(factors));
    if (name !== undefined) return { name, of };
  }
  return undefined;
}
