import type { Schema } from '../schema.ts';
import { canonical } from './canonical.ts';
import { describeStandard } from './describe-standard.ts';
import { describeZod } from './describe-zod.ts';
import type { SchemaNode } from './schema-node.ts';

/** The schemas of a method, of which a stream's is that of its items. */
export interface MethodSchemas {
  readonly input: Schema;
  /** None of an event. */
  readonly output: Schema | undefined;
  readonly errors: { readonly [name: string]: Schema };
}

/**
 * The description of a method's contract: JSON that is the same text wherever the contract is the same. Undefined where
 * nothing can be said of any of its schemas. It never throws: who cannot be described is not compared.
 */
export function describeMethod({ input, output, errors }: MethodSchemas): string | undefined {
  const parts: Record<string, SchemaNode | { [name: string]: SchemaNode }> = {};
  const described = describePart(input, false);
  if (described !== undefined) parts['input'] = described;
  const answer = output === undefined ? undefined : describePart(output, true);
  if (answer !== undefined) parts['output'] = answer;
  const data: [string, SchemaNode][] = [];
  for (const [name, schema] of Object.entries(errors)) {
    const node = describePart(schema, true);
    if (node !== undefined) data.push([name, node]);
  }
  if (data.length > 0) parts['errors'] = Object.fromEntries(data);
  if (Object.keys(parts).length === 0) return undefined;
  try {
    return canonical(parts);
  } catch {
    return undefined;
  }
}

function describePart(schema: Schema, isOutput: boolean): SchemaNode | undefined {
  try {
    // zod's own conversion leaves out what JSON lacks, knows no zod/mini, and takes a starting process ten times as long.
    return '_zod' in schema ? describeZod(schema) : describeStandard(schema, isOutput);
  } catch {
    // Lazy schemas and other libraries run code of their own here, which may throw what it likes.
    return undefined;
  }
}
