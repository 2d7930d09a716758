import type { Context } from './context.ts';
import { KIND } from './kind.ts';
import { type AnyService, type Methods, type NamedMethod, namedMethod } from './service.ts';

/** A handler of any types. */
export type Handler = (input: unknown, context: Context) => unknown;

/** A middleware of any types. */
export type AnyMiddleware = (context: Context, next: (added?: unknown) => Promise<unknown>) => unknown;

/** A method together with the function that serves it. */
export interface Implemented {
  readonly method: NamedMethod;
  readonly handler: Handler;
  /** What stands around it, outermost first. */
  readonly middleware: readonly AnyMiddleware[] | undefined;
  /** How many calls of it run at once, in this process, and how many may. */
  readonly running: { count: number; readonly most: number };
}

/** What an implementation can say of its handlers. */
export interface ImplementOptions<H> {
  /**
   * How many calls of a method may run at once, by its name, over all connections. Further ones are turned away with
   * RESOURCE_EXHAUSTED before they run. Default: no limit but those of the connection and the server.
   */
  readonly concurrency?: { readonly [K in keyof H]?: number } | undefined;
}

/** A service with its handlers: what a server serves. */
export interface Implementation {
  /** The service's name. */
  readonly service: string;
  /** By the method's name. */
  readonly methods: ReadonlyMap<string, Implemented>;
}

/**
 * Joins a service with the functions that serve it. Each gets the parsed input and the call's {@link Context}, and
 * answers with a value or a promise of one; where the output is a stream, with anything that can be iterated.
 *
 * @throws TypeError for a handler that is missing, one too many, or not a function.
 * @throws RangeError for a concurrency that is no whole number above 0, or of a method that does not exist.
 * @example
 * ```ts
 * const implementation = implement(text, { uppercase: (s) => s.toUpperCase() });
 * ```
 */
export function implement<H>(
  service: { readonly '~handlers': H },
  handlers: H,
  options: ImplementOptions<NoInfer<H>> = {},
): Implementation {
  return implementWithin(undefined, service as unknown as AnyService, handlers as Record<string, unknown>, options);
}

/** The same, with the middleware that stands around the handlers. */
export function implementWithin(
  middleware: readonly AnyMiddleware[] | undefined,
  declared: AnyService,
  given: Record<string, unknown>,
  options: ImplementOptions<Methods>,
): Implementation {
  const concurrency = new Map(Object.entries<number | undefined>(options.concurrency ?? {}));
  const methods = new Map<string, Implemented>();
  for (const name of Object.keys(declared.methods)) {
    // An own property only: a method named constructor must not find Object's.
    const handler = Object.hasOwn(given, name) ? given[name] : undefined;
    if (typeof handler !== 'function') {
      const inherited =
        given[name] === undefined ? '' : ' (What is inherited, as by an instance of a class, is not looked at.)';
      throw new TypeError(
        `${declared.name}.${name} has no handler: give a plain object with a function of that name.${inherited}`,
      );
    }
    const running = { count: 0, most: concurrency.get(name) ?? Number.POSITIVE_INFINITY };
    methods.set(name, { method: namedMethod(declared, name), handler: handler as Handler, middleware, running });
  }
  for (const name of Object.keys(given)) {
    if (!methods.has(name)) {
      throw new TypeError(`There is a handler "${name}", but the service "${declared.name}" has no such method.`);
    }
  }
  for (const [name, most] of concurrency) checkConcurrency(`${declared.name}.${name}`, methods.get(name), most);
  return { service: declared.name, methods };
}

function checkConcurrency(name: string, implemented: Implemented | undefined, most: number | undefined): void {
  if (implemented === undefined) throw new RangeError(`There is a concurrency for ${name}, which is no method.`);
  if (implemented.method.kind === KIND.event) {
    throw new RangeError(`${name} is an event and has no concurrency: what holds events back is their credit.`);
  }
  if (most !== undefined && !(Number.isInteger(most) && most > 0)) {
    throw new RangeError(`The concurrency of ${name} is ${most}; give a whole number above 0.`);
  }
}
