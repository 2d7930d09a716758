import { CODES } from '../error/code.ts';
import type { RpcError } from '../error/rpc-error.ts';
import type { CallOptions } from './call-options.ts';
import { checkName } from './name.ts';
import { type Check, encoder, type InputOf, type OutputOf, parser, type Schema } from './schema.ts';

/** The errors that a method declares: a schema of their data for each name. */
export type ErrorSchemas = { readonly [name: string]: Schema };

/** What a method is made of. */
export interface MethodDefinition<In extends Schema, Out extends Schema, Errors extends ErrorSchemas> {
  /** What a caller passes. `z.void()` for nothing. */
  readonly input: In;
  /** What a handler answers. `z.void()` for nothing. */
  readonly output: Out;
  /** The errors that a handler can throw with data, by name. Default: none. */
  readonly errors?: Errors | undefined;
  /** Whether running twice does no more than running once, so that a lost call may be made again. Default: false. */
  readonly idempotent?: boolean | undefined;
  /** The deadline of a call that names none, in milliseconds. Default: 30,000. */
  readonly deadline?: number | undefined;
}

/**
 * A method of a contract: what a caller passes, what a handler gets, and what it answers. The members that begin with
 * `~` hold those types and exist for the compiler alone.
 */
export interface Method<Argument, Input, Output> {
  readonly '~call': (input: Argument, options?: CallOptions) => Promise<Output>;
  readonly '~input': Input;
  readonly '~return': Output;
}

/** A promise that says which declared errors it can reject with. */
export interface Throws<Errors> {
  readonly '~throws'?: Errors;
}

/** A method that declares errors. `Errors` holds the type of each one's data. */
export interface MethodWithErrors<Argument, Input, Output, Errors> {
  readonly '~call': (input: Argument, options?: CallOptions) => Promise<Output> & Throws<Errors>;
  readonly '~input': Input;
  readonly '~return': Output;
  /**
   * One of the errors that this method declares, for its handler to throw.
   *
   * @example
   * ```ts
   * throw text.methods.parse.error('syntax', { line: 3 });
   * ```
   */
  readonly error: <Name extends keyof Errors & string>(name: Name, data: Errors[Name], message?: string) => RpcError;
  /** Whether a caught value is an error that this method declares. Its `name` then tells which, and what `data` is. */
  readonly isError: (thrown: unknown) => thrown is DeclaredError<Errors>;
}

/** An error that a contract declares, as its caller catches it: `name` tells which, and the type of `data` follows. */
export type DeclaredError<Errors> = {
  [Name in keyof Errors & string]: RpcError & { readonly name: Name; readonly data: Errors[Name] };
}[keyof Errors & string];

/** What {@link method} gives for a definition. */
export type MethodOf<In extends Schema, Out extends Schema, Errors extends ErrorSchemas> = [keyof Errors] extends [
  never,
]
  ? Method<InputOf<In>, OutputOf<In>, OutputOf<Out>>
  : MethodWithErrors<
      InputOf<In>,
      OutputOf<In>,
      OutputOf<Out>,
      { readonly [Name in keyof Errors]: OutputOf<Errors[Name]> }
    >;

/** How the data of a declared error is checked, at the end that sends it and at the end that gets it. */
export interface ErrorChecks {
  readonly encode: Check;
  readonly parse: Check;
}

/** A method as it runs: its checks are chosen once, when the contract is defined. */
export interface MethodChecks {
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
 * Declares a method: one message in, one message out.
 *
 * A caller passes what the input schema takes (`z.input`), a handler gets what it gives (`z.output`), so that defaults
 * and transforms apply once, at the server. The output is checked at both ends.
 *
 * @throws TypeError where a schema is none, or an output cannot be checked at both ends, or an error has a code's name.
 * @example
 * ```ts
 * const uppercase = method({ input: z.string(), output: z.string() });
 * ```
 */
export function method<In extends Schema, Out extends Schema, const Errors extends ErrorSchemas = Record<never, never>>(
  definition: MethodDefinition<In, Out, Errors>,
): MethodOf<In, Out, Errors> {
  const { input, output, idempotent = false, deadline } = definition;
  if (deadline !== undefined && !(deadline > 0)) {
    throw new RangeError(`The deadline of a method is ${deadline}; it must be a number of milliseconds above 0.`);
  }
  const checks: MethodChecks = {
    parseInput: parser(input, 'The input of a method'),
    encodeOutput: encoder(output, 'The output of a method'),
    parseOutput: parser(output, 'The output of a method'),
    errors: new Map(
      Object.entries<Schema>(definition.errors ?? {}).map(([name, schema]) => [name, errorChecks(name, schema)]),
    ),
    idempotent,
    deadline,
  };
  return { [CHECKS]: checks } as unknown as MethodOf<In, Out, Errors>;
}

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
