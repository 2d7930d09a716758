/** Random schemas with values of theirs, for the tests of this room. No part of the package. */
import fc from 'fast-check';
import { z } from 'zod';

/** A schema as data, so that it can be changed a little. */
export type Plan =
  | { readonly kind: 'leaf'; readonly leaf: keyof typeof LEAVES }
  | { readonly kind: 'enum'; readonly values: readonly string[] }
  | { readonly kind: 'array' | 'set' | 'map' | 'record' | 'nullable' | 'optional'; readonly of: Plan }
  | { readonly kind: 'tuple'; readonly items: readonly Plan[]; readonly rest: Plan | undefined }
  | { readonly kind: 'union' | 'both'; readonly options: readonly Plan[] }
  | { readonly kind: 'object'; readonly strict: boolean; readonly fields: { readonly [name: string]: FieldPlan } };

export interface FieldPlan {
  readonly plan: Plan;
  readonly how: 'required' | 'optional' | 'default';
}

const LEAVES = {
  string: [z.string(), fc.constantFrom('', 'a', 'b', 'text')],
  number: [z.number(), fc.constantFrom(0, 1, -2.5)],
  boolean: [z.boolean(), fc.boolean()],
  null: [z.null(), fc.constant(null)],
  undefined: [z.undefined(), fc.constant(undefined)],
  bigint: [z.bigint(), fc.constantFrom(0n, 7n)],
  date: [z.date(), fc.constant(new Date(0))],
  bytes: [z.instanceof(Uint8Array), fc.constant(Uint8Array.of(1))],
  one: [z.literal(1), fc.constant(1)],
  true: [z.literal(true), fc.constant(true)],
  big: [z.literal(7n), fc.constant(7n)],
  anything: [z.unknown(), fc.constantFrom<unknown>('a', 1, null, {}, [])],
} as const satisfies { [leaf: string]: readonly [z.ZodType, fc.Arbitrary<unknown>] };

const names = fc.constantFrom('x', 'y', 'z', 'kind');
const enums = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 });

/** Any schema. */
export const plans: fc.Arbitrary<Plan> = fc.letrec<{ plan: Plan; field: FieldPlan }>((tie) => ({
  plan: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({
      kind: fc.constant('leaf' as const),
      leaf: fc.constantFrom(...(Object.keys(LEAVES) as (keyof typeof LEAVES)[])),
    }),
    fc.record({ kind: fc.constant('enum' as const), values: enums }),
    fc.record({ kind: fc.constantFrom('array', 'set', 'map', 'record', 'nullable', 'optional'), of: tie('plan') }),
    fc.record({
      kind: fc.constant('tuple' as const),
      items: fc.array(tie('plan'), { maxLength: 2 }),
      rest: fc.option(tie('plan'), { nil: undefined }),
    }),
    fc.record({
      kind: fc.constant('union' as const),
      options: fc.array(tie('plan'), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant('object' as const),
      strict: fc.boolean(),
      fields: fc.dictionary(names, tie('field'), { maxKeys: 3 }),
    }),
  ) as fc.Arbitrary<Plan>,
  field: fc.record({
    plan: tie('plan'),
    how: fc.constantFrom('required', 'optional', 'default'),
  }) as fc.Arbitrary<FieldPlan>,
})).plan;

/** Two schemas of which the second is like the first but for one place; or which have nothing in common. */
export const pairs: fc.Arbitrary<readonly [Plan, Plan]> = fc.oneof(
  { weight: 1, arbitrary: fc.tuple(plans, plans) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(plans, plans, fc.nat(), fc.boolean())
      .map(([plan, other, at, swap]): readonly [Plan, Plan] =>
        swap ? [changed(plan, other, at), plan] : [plan, changed(plan, other, at)],
      ),
  },
);

/** The schema with one place of it replaced, added or left out. */
function changed(plan: Plan, other: Plan, at: number): Plan {
  const go = at % 3 !== 0;
  const next = Math.floor(at / 3);
  switch (plan.kind) {
    case 'leaf':
    case 'enum':
      return at % 2 === 0 ? other : { kind: 'union', options: [plan, other] };
    case 'tuple': {
      if (!go || plan.items.length === 0) return { ...plan, items: [...plan.items, other] };
      const index = next % plan.items.length;
      return { ...plan, items: plan.items.map((item, i) => (i === index ? changed(item, other, next) : item)) };
    }
    case 'union':
    case 'both': {
      if (!go) return { ...plan, options: [...plan.options, other] };
      const index = next % plan.options.length;
      return { ...plan, options: plan.options.map((item, i) => (i === index ? changed(item, other, next) : item)) };
    }
    case 'object': {
      const keys = Object.keys(plan.fields);
      const key = keys[next % Math.max(1, keys.length)];
      const field = key === undefined ? undefined : plan.fields[key];
      if (!go || key === undefined || field === undefined) {
        const how = (['required', 'optional', 'default'] as const)[next % 3] ?? 'optional';
        return { ...plan, fields: { ...plan.fields, added: { plan: other, how } } };
      }
      if (next % 2 === 0) {
        const { [key]: gone, ...rest } = plan.fields;
        return { ...plan, fields: rest };
      }
      return { ...plan, fields: { ...plan.fields, [key]: { ...field, plan: changed(field.plan, other, next) } } };
    }
    default:
      return go ? { ...plan, of: changed(plan.of, other, next) } : plan.of;
  }
}

/** The plan as a schema. */
export function schemaOf(plan: Plan): z.ZodType {
  switch (plan.kind) {
    case 'leaf':
      return LEAVES[plan.leaf][0];
    case 'enum':
      return z.enum(plan.values as [string]);
    case 'array':
      return z.array(schemaOf(plan.of));
    case 'set':
      return z.set(schemaOf(plan.of));
    case 'map':
      return z.map(z.string(), schemaOf(plan.of));
    case 'record':
      return z.record(z.string(), schemaOf(plan.of));
    case 'nullable':
      return schemaOf(plan.of).nullable();
    case 'optional':
      return schemaOf(plan.of).optional();
    case 'tuple': {
      const items = plan.items.map(schemaOf) as [z.ZodType];
      return plan.rest === undefined ? z.tuple(items) : z.tuple(items, schemaOf(plan.rest));
    }
    case 'union':
      return z.union(plan.options.map(schemaOf));
    case 'both':
      return plan.options.map(schemaOf).reduce((one, other) => one.and(other));
    case 'object': {
      const shape = Object.fromEntries(Object.entries(plan.fields).map(([name, field]) => [name, fieldOf(field)]));
      return plan.strict ? z.strictObject(shape) : z.object(shape);
    }
  }
}

function fieldOf({ plan, how }: FieldPlan): z.ZodType {
  const schema = schemaOf(plan);
  if (how === 'required') return schema;
  if (how === 'optional') return schema.optional();
  const [value] = fc.sample(valuesOf(plan), { numRuns: 1, seed: 1 });
  return schema.default(value as never);
}

/** Values that the schema takes. */
export function valuesOf(plan: Plan): fc.Arbitrary<unknown> {
  switch (plan.kind) {
    case 'leaf':
      return LEAVES[plan.leaf][1];
    case 'enum':
      return fc.constantFrom(...plan.values);
    case 'array':
      return fc.array(valuesOf(plan.of), { maxLength: 2 });
    case 'set':
      return fc.array(valuesOf(plan.of), { maxLength: 2 }).map((items) => new Set(items));
    case 'map':
      return fc
        .array(valuesOf(plan.of), { maxLength: 2 })
        .map((all) => new Map(all.map((value, i) => [`${i}`, value])));
    case 'record':
      return fc.dictionary(fc.constantFrom('x', 'added', 'other'), valuesOf(plan.of), { noNullPrototype: true });
    case 'nullable':
      return fc.option(valuesOf(plan.of), { nil: null });
    case 'optional':
      return fc.option(valuesOf(plan.of), { nil: undefined });
    case 'tuple':
      return fc
        .tuple(
          fc.tuple(...plan.items.map(valuesOf)),
          plan.rest === undefined ? fc.constant([]) : fc.array(valuesOf(plan.rest), { maxLength: 2 }),
        )
        .map(([items, others]) => [...items, ...others]);
    case 'union':
      return fc.oneof(...plan.options.map(valuesOf));
    case 'both':
      return fc.tuple(...plan.options.map(valuesOf)).map((parts) => Object.assign({}, ...parts));
    case 'object': {
      const fields = Object.entries(plan.fields);
      const required = fields.filter(([, { how }]) => how === 'required').map(([name]) => name);
      const values = fields.map(([name, { plan: inner, how }]) => [
        name,
        how === 'required' ? valuesOf(inner) : fc.option(valuesOf(inner), { nil: undefined }),
      ]);
      return fc.record(Object.fromEntries(values), { requiredKeys: required as never[], noNullPrototype: true });
    }
  }
}
