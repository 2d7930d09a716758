import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { compareContracts } from './compare.ts';
import { describeMethod } from './describe.ts';
import { readDescription } from './description.ts';
import { KIND } from './kind.ts';
import type { Schema } from './schema.ts';
import { type Plan, pairs, plans, schemaOf, valuesOf } from './test-schemas.ts';

const nothing = z.void();

/** What keeps a method from working whose inputs the caller sends by one schema and the callee reads by another. */
function ofInputs(sent: Schema, read: Schema): string | undefined {
  const described = (input: Schema) =>
    readDescription(describeMethod({ input, output: nothing, errors: {} }) ?? 'undescribed');
  return compareContracts('s.m', KIND.unary, described(read), described(sent));
}

/** The same of outputs. */
function ofOutputs(sent: Schema, read: Schema): string | undefined {
  const described = (output: Schema) =>
    readDescription(describeMethod({ input: nothing, output, errors: {} }) ?? 'undescribed');
  return compareContracts('s.m', KIND.unary, described(sent), described(read));
}

/** Values of one schema that the other does not take although they were said to fit. */
function check(sent: Plan, read: Plan, seed: number): void {
  const sender = schemaOf(sent);
  const reader = schemaOf(read);
  const values = fc.sample(valuesOf(sent), { numRuns: 10, seed });
  if (ofInputs(sender, reader) === undefined) {
    for (const value of values) {
      if (!sender.safeParse(value).success) continue;
      expect(reader.safeParse(value).error?.issues, 'as an input').toBeUndefined();
    }
  }
  if (ofOutputs(sender, reader) === undefined) {
    for (const value of values) {
      const output = sender.safeParse(value);
      if (!output.success) continue;
      expect(reader.safeParse(output.data).error?.issues, 'as an output').toBeUndefined();
    }
  }
}

describe('properties', () => {
  test('what is said to fit does fit', () => {
    fc.assert(
      fc.property(pairs, fc.nat(), ([sent, read], seed) => check(sent, read, seed)),
      { numRuns: 1500 },
    );
  });

  test('a schema fits itself', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const schema = schemaOf(plan);
        expect([ofInputs(schema, schema), ofOutputs(schema, schema)]).toEqual([undefined, undefined]);
      }),
      { numRuns: 500 },
    );
  });
});
