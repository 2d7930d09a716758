import type { Metadata } from '../error/metadata.ts';
import type { RpcError } from '../error/rpc-error.ts';
import type { CallOptions } from './call-options.ts';
import type { Context } from './context.ts';
import type { ErrorSchemas, Part } from './method.ts';
import type { InputOf, OutputOf } from './schema.ts';
import type { Items, RequestStream, ResponseStream, Stream } from './stream.ts';

/**
 * A method of a contract: what a caller passes, what a handler gets, and what it answers. The members that begin with
 * `~` hold those types and exist for the compiler alone, which has less to do where whole functions stand here than
 * where a service would put them together for each of its methods.
 */
export interface Method<Argument, Input, Output> {
  readonly '~call': (input: Argument, options?: CallOptions) => Promise<Output>;
  readonly '~input': Input;
  readonly '~return': Output;
  readonly '~handler': (input: Input, context: Context) => Output | Promise<Output>;
}

/** A method that answers with a stream of items. */
export interface ServerStreamMethod<Argument, Input, Item> {
  readonly '~call': (input: Argument, options?: CallOptions) => ResponseStream<Item>;
  readonly '~input': Input;
  readonly '~return': Items<Item>;
  readonly '~handler': (input: Input, context: Context) => Items<Item> | Promise<Items<Item>>;
}

/** A method that takes a stream of items. */
export interface ClientStreamMethod<Argument, Input, Output> {
  readonly '~call': (input: Items<Argument>, options?: CallOptions) => Promise<Output>;
  readonly '~input': RequestStream<Input>;
  readonly '~return': Output;
  readonly '~handler': (input: RequestStream<Input>, context: Context) => Output | Promise<Output>;
}

/** A method that takes a stream of items and answers with another. */
export interface DuplexMethod<Argument, Input, Item> {
  readonly '~call': (input: Items<Argument>, options?: CallOptions) => ResponseStream<Item>;
  readonly '~input': RequestStream<Input>;
  readonly '~return': Items<Item>;
  readonly '~handler': (input: RequestStream<Input>, context: Context) => Items<Item> | Promise<Items<Item>>;
}

/** A method that goes one way and has no answer. */
export interface EventMethod<Argument, Input> {
  readonly '~call': (input: Argument, options?: CallOptions) => Promise<void>;
  readonly '~input': Input;
  // biome-ignore lint/suspicious/noConfusingVoidType: it is what its handler's type returns
  readonly '~return': void;
  readonly '~handler': (input: Input, context: Context) => void | Promise<void>;
}

/** A promise that says which declared errors it can reject with. */
export interface Throws<Errors> {
  readonly '~throws'?: Errors;
}

/** A method that declares errors. `Errors` holds the type of each one's data. */
export interface MethodWithErrors<Argument, Input, Output, Errors> extends DeclaredErrors<Errors> {
  readonly '~call': (input: Argument, options?: CallOptions) => Promise<Output> & Throws<Errors>;
  readonly '~input': Input;
  readonly '~return': Output;
  readonly '~handler': (input: Input, context: Context) => Output | Promise<Output>;
}

/** A method that takes a stream of items, and declares errors. */
export interface ClientStreamMethodWithErrors<Argument, Input, Output, Errors> extends DeclaredErrors<Errors> {
  readonly '~call': (input: Items<Argument>, options?: CallOptions) => Promise<Output> & Throws<Errors>;
  readonly '~input': RequestStream<Input>;
  readonly '~return': Output;
  readonly '~handler': (input: RequestStream<Input>, context: Context) => Output | Promise<Output>;
}

/** What a method that declares errors has besides: how to make them, and how to know them again. */
export interface DeclaredErrors<Errors> {
  /**
   * One of the errors that this method declares, for its handler to throw.
   *
   * @example
   * ```ts
   * throw text.methods.parse.error('syntax', { line: 3 });
   * ```
   */
  readonly error: <Name extends keyof Errors & string>(
    name: Name,
    data: Errors[Name],
    options?: DeclaredErrorOptions,
  ) => RpcError;
  /** Whether a caught value is an error that this method declares. Its `name` then tells which, and what `data` is. */
  readonly isError: (thrown: unknown) => thrown is DeclaredError<Errors>;
}

/** What a declared error can carry besides its data. */
export interface DeclaredErrorOptions {
  /** For people. Default: the method's and the error's name. */
  readonly message?: string;
  /** What led to it. It stays in this process. */
  readonly cause?: unknown;
  /** Goes to the caller with the error. */
  readonly metadata?: Metadata;
}

/** An error that a contract declares, as its caller catches it: `name` tells which, and the type of `data` follows. */
export type DeclaredError<Errors> = {
  [Name in keyof Errors & string]: RpcError & { readonly name: Name; readonly data: Errors[Name] };
}[keyof Errors & string];

/** What {@link method} gives for a definition. */
export type MethodOf<In extends Part, Out extends Part, Errors extends ErrorSchemas> =
  In extends Stream<infer I>
    ? Out extends Stream<infer O>
      ? DuplexMethod<InputOf<I>, OutputOf<I>, OutputOf<O>> & ErrorsOf<Errors>
      : [keyof Errors] extends [never]
        ? ClientStreamMethod<InputOf<I>, OutputOf<I>, OutputOf<Out>>
        : ClientStreamMethodWithErrors<
            InputOf<I>,
            OutputOf<I>,
            OutputOf<Out>,
            { readonly [Name in keyof Errors]: OutputOf<Errors[Name]> }
          >
    : Out extends Stream<infer O>
      ? ServerStreamMethod<InputOf<In>, OutputOf<In>, OutputOf<O>> & ErrorsOf<Errors>
      : [keyof Errors] extends [never]
        ? Method<InputOf<In>, OutputOf<In>, OutputOf<Out>>
        : MethodWithErrors<
            InputOf<In>,
            OutputOf<In>,
            OutputOf<Out>,
            { readonly [Name in keyof Errors]: OutputOf<Errors[Name]> }
          >;

/** What a streaming method has because it declares errors, if it does. */
type ErrorsOf<Errors extends ErrorSchemas> = [keyof Errors] extends [never]
  ? unknown
  : DeclaredErrors<{ readonly [Name in keyof Errors]: OutputOf<Errors[Name]> }>;
