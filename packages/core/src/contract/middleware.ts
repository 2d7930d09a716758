import type { Context } from './context.ts';
import { type AnyMiddleware, type Implementation, type ImplementOptions, implementWithin } from './implement.ts';
import type { AnyService, Methods } from './service.ts';

/** What a middleware knows of the call that it stands around. */
export interface MiddlewareContext extends Context {
  /** The parsed input; where that is a stream, its one reader, which is meant for the handler. */
  readonly input: unknown;
}

declare const ADDED: unique symbol;

/** A call that is over, as {@link Proceed} gives it. To return it is to have let the call through. */
export interface Next<Added> {
  /** What the handler answered, checked by the contract; undefined where that was a stream, and for an event. */
  readonly output: unknown;
  /** What was added to the context. For the compiler alone. */
  readonly [ADDED]: Added;
}

/** What nobody can add to a context, because it is there already. */
export type Reserved = { readonly [Name in keyof MiddlewareContext]?: never };

/**
 * Goes on with the call: to the next middleware, or to the handler. Once. What it is given is added to the context that
 * these get.
 *
 * Fulfils when the call is over: when the handler has answered, its stream has come to its end, or an event's handler
 * has returned. Rejects with what the handler threw, or a middleware in between.
 */
export type Proceed = <Added extends object = Record<never, never>>(added?: Added & Reserved) => Promise<Next<Added>>;

/**
 * Stands around the handlers of a service. `Added` is what it adds to their contexts, `Had` what it needs of those that
 * stand further out.
 *
 * @example
 * ```ts
 * const timing: Middleware = async (context, next) => {
 *   const start = performance.now();
 *   try {
 *     return await next();
 *   } finally {
 *     context.setTrailer({ took: `${performance.now() - start} ms` });
 *   }
 * };
 * ```
 */
export type Middleware<Added extends object = Record<never, never>, Had extends object = Record<never, never>> = (
  context: MiddlewareContext & Had,
  next: Proceed,
) => Promise<Next<Added>>;

/** What a context holds behind one more middleware: of one name the later stands. */
export type Grown<Had, Added> = {
  readonly [Name in keyof Had | keyof Added]: Name extends keyof Added
    ? Added[Name]
    : Name extends keyof Had
      ? Had[Name]
      : never;
};

/** The handlers of a service whose contexts hold what middleware has added. */
export type HandlersWith<M extends Methods, Added> = {
  readonly [K in keyof M]: (
    input: M[K]['~input'],
    context: Context & Added,
  ) => M[K]['~return'] | Promise<M[K]['~return']>;
};

/** One middleware or several, the first one outermost: what {@link use} gives. The same one can serve any service. */
export interface Middlewares<Added extends object> {
  /** Adds another one, inside of those that are there: it sees what they have added. */
  use<More extends object>(middleware: Middleware<More, Added>): Middlewares<Grown<Added, More>>;
  /**
   * Joins a service with its handlers, as `implement` does, inside of these middleware.
   *
   * @throws TypeError for a handler that is missing, one too many, or not a function.
   * @throws RangeError for a concurrency that is no whole number above 0, or of a method that does not exist.
   */
  implement<M extends Methods>(
    service: { readonly methods: M },
    handlers: HandlersWith<M, Added>,
    options?: ImplementOptions<NoInfer<M>>,
  ): Implementation;
}

/**
 * Puts middleware around the handlers of a service: code that runs for each of its calls and events, before the handler
 * and after it. It returns what its `next()` gave; what it gives to that, its handlers find in their contexts.
 *
 * It sees no call whose input is not valid. What it throws fails the call as if the handler had thrown it. The answer,
 * or the end of a stream, is sent when the outermost one is done; items flow meanwhile. One that ends before its `next()`
 * has gives the call up: the handler is told so by its signal, and the call fails once that has returned.
 *
 * @throws TypeError for what is no function.
 * @example
 * ```ts
 * const signedIn = use(async (context, next) => {
 *   const { token } = context.metadata;
 *   if (token !== 'secret') throw new RpcError('UNAUTHENTICATED', 'Who are you?');
 *   return next({ user: 'Ann' });
 * });
 * const implementation = signedIn.implement(text, { uppercase: (s, { user }) => `${user}: ${s.toUpperCase()}` });
 * ```
 */
export function use<Added extends object>(middleware: Middleware<Added>): Middlewares<Added> {
  return joined([], middleware);
}

function joined(before: readonly AnyMiddleware[], given: unknown): Middlewares<never> {
  if (typeof given !== 'function') {
    throw new TypeError('A middleware is a function: write use(async (context, next) => next()), for example.');
  }
  const all = [...before, given as AnyMiddleware];
  return Object.freeze({
    use: (middleware: unknown) => joined(all, middleware),
    implement: (service: unknown, handlers: object, options: ImplementOptions<Methods> = {}) =>
      implementWithin(all, service as AnyService, handlers as Record<string, unknown>, options),
  }) as unknown as Middlewares<never>;
}
