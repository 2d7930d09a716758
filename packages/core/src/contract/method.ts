import { CODES } from '../error/code.ts';
import type { Forms, Shapes } from '../wire/form.ts';
import type { MethodSchemas } from './description/describe.ts';
import { KIND, type Kind } from './kind.ts';
import type { MethodOf } from './method-type.ts';
import { checkName } from './name.ts';
import { type Check, encoder, parser, type Schema } from './schema.ts';
import { shapeOf } from './shape.ts';
import { itemsOf, type Stream } from './stream.ts';

/** The errors that a method declares: a schema of their data for each name. */
export type ErrorSchemas = { readonly [name: string]: Schema };

/** What goes one way: one message of a schema, or a stream of items of one. */
export type Part = Schema | Stream<Schema>;

/** What a method is made of. */
export interface MethodDefinition<In extends Part, Out extends Part, Errors extends ErrorSchemas> {
  /** What a caller passes: one message, or `stream(…)` of items. `z.void()` for nothing. */
  readonly input: In;
  /** What a handler answers: one message, or `stream(…)` of items. `z.void()` for nothing. */
  readonly output: Out;
  /** The errors that a handler can throw with data, by name. Default: none. */
  readonly errors?: Errors | undefined;
  /** Whether running twice does no more than running once, so that a lost call may be made again. Default: false. */
  readonly idempotent?: boolean | undefined;
  /** The deadline of a call that names none, in milliseconds. Default: 30,000, and none where anything streams. */
  readonly deadline?: number | undefined;
}

/** How the data of a declared error is checked, at the end that sends it and at the end that gets it. */
export interface ErrorChecks {
  readonly encode: Check;
  readonly parse: Check;
}

/** A method as it runs: its checks are chosen once, when the contract is defined. */
export interface MethodChecks {
  readonly kind: Kind;
  /** What it was declared with. */
  readonly schemas: MethodSchemas;
  /** What its messages are made of, or the items of its streams, where the schemas say no more than that. */
  readonly shapes: Shapes;
  /** How they are read and written by that, once somebody has done so. */
  forms: Forms | undefined;
  /** Where the input or output is a stream, these check each of its items. */
  readonly parseInput: Check;
  readonly encodeOutput: Check;
  readonly parseOutput: Check;
  readonly errors: ReadonlyMap<string, ErrorChecks>;
  readonly idempotent: boolean;
  readonly deadline: number | undefined;
}

/** Where a method object keeps what it runs by. */
export const CHECKS: unique symbol = Symbol('nearcall.checks');

/**
 * Declares a method: one message in, one message out, or `stream(…)` on either side.
 *
 * A caller passes what the input schema takes (`z.input`), a handler gets what it gives (`z.output`), so that defaults
 * and transforms apply once, at the server. The output is checked at both ends.
 *
 * @throws TypeError where a schema is none, or an output cannot be checked at both ends, or an error has a code's name.
 * @throws RangeError for a deadline that is none.
 * @example
 * ```ts
 * const uppercase = method({ input: z.string(), output: z.string() });
 * ```
 */
export function method<In extends Part, Out extends Part, const Errors extends ErrorSchemas = Record<never, never>>(
  definition: MethodDefinition<In, Out, Errors>,
): MethodOf<In, Out, Errors> {
  const { idempotent = false, deadline } = definition;
  if (deadline !== undefined && !(deadline > 0)) {
    throw new RangeError(`The deadline of a method is ${deadline}; it must be a number of milliseconds above 0.`);
  }
  const input = itemsOf(definition.input);
  const output = itemsOf(definition.output);
  const checks: MethodChecks = {
    kind: KINDS[input.streams ? 1 : 0][output.streams ? 1 : 0],
    schemas: { input: input.schema, output: output.schema, errors: definition.errors ?? {} },
    shapes: { input: () => shapeOf(input.schema), output: () => shapeOf(output.schema) },
    forms: undefined,
    parseInput: parser(input.schema, 'The input of a method'),
    encodeOutput: encoder(output.schema, 'The output of a method'),
    parseOutput: parser(output.schema, 'The output of a method'),
    errors: new Map(
      Object.entries<Schema>(definition.errors ?? {}).map(([name, schema]) => [name, errorChecks(name, schema)]),
    ),
    idempotent,
    deadline,
  };
  return { [CHECKS]: checks } as unknown as MethodOf<In, Out, Errors>;
}

/** By whether the input streams, and whether the output does. */
const KINDS = [
  [KIND.unary, KIND.serverStream],
  [KIND.clientStream, KIND.duplex],
] as const;

function errorChecks(name: string, schema: Schema): ErrorChecks {
  checkName(name, 'declared error');
  if (Object.hasOwn(CODES, name) || name === 'RpcError') {
    throw new TypeError(
      `An error cannot be named "${name}": that is the name of ${name === 'RpcError' ? 'every plain error' : 'a status code'}.`,
    );
  }
  const where = `The data of the error "${name}"`;
  return { encode: encoder(schema, where), parse: parser(schema, where) };
}
