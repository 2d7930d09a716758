/** What a text, a number or a boolean must meet besides its type. */
export type Condition =
  | { readonly kind: 'among'; readonly values: readonly (string | number | boolean)[] }
  | { readonly kind: 'least' | 'most' | 'above' | 'below' | 'shortest' | 'longest'; readonly bound: number }
  | { readonly kind: 'whole' }
  | { readonly kind: 'matches'; readonly pattern: RegExp };

/** Code that tells whether the value of a variable does not meet them all. */
export function unmet(conditions: readonly Condition[], variable: string): string {
  return conditions.map((condition) => unmetOne(condition, variable)).join(' || ') || 'false';
}

function unmetOne(condition: Condition, x: string): string {
  switch (condition.kind) {
    case 'among':
      return condition.values.map((value) => `${x} !== ${JSON.stringify(value)}`).join(' && ');
    case 'least':
      return `${x} < ${condition.bound}`;
    case 'most':
      return `${x} > ${condition.bound}`;
    case 'above':
      return `${x} <= ${condition.bound}`;
    case 'below':
      return `${x} >= ${condition.bound}`;
    case 'whole':
      return `!Number.isInteger(${x})`;
    case 'shortest':
      return short(x, condition.bound);
    case 'longest':
      return `${x}.length > ${condition.bound}`;
    case 'matches':
      return `!${condition.pattern}.test(${x})`;
  }
}

/**
 * Early versions of zod count UTF-16 units and later ones code points, of which a text has half as many or more: what is
 * long enough by one of them alone is left to zod. A text that is not too long in units never is in code points.
 */
function short(x: string, bound: number): string {
  return `${x}.length < ${bound} || ${x}.length < ${2 * bound} && /[^\\0-\\x7f]/.test(${x})`;
}
