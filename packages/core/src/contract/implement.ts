import type { Context } from './context.ts';
import { type AnyService, type NamedMethod, namedMethod } from './service.ts';

/** A handler of any types. */
export type Handler = (input: unknown, context: Context) => unknown;

/** A method together with the function that serves it. */
export interface Implemented {
  readonly method: NamedMethod;
  readonly handler: Handler;
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
 * answers with a value or a promise of one.
 *
 * @throws TypeError for a handler that is missing, one too many, or not a function.
 * @example
 * ```ts
 * const implementation = implement(text, { uppercase: (s) => s.toUpperCase() });
 * ```
 */
export function implement<H>(service: { readonly '~handlers': H }, handlers: H): Implementation {
  const declared = service as unknown as AnyService;
  const given = handlers as Record<string, unknown>;
  const methods = new Map<string, Implemented>();
  for (const name of Object.keys(declared.methods)) {
    // An own property only: a method named constructor must not find Object's.
    const handler = Object.hasOwn(given, name) ? given[name] : undefined;
    if (typeof handler !== 'function') {
      throw new TypeError(`${declared.name}.${name} has no handler: give a plain object with a function of that name.`);
    }
    methods.set(name, { method: namedMethod(declared, name), handler: handler as Handler });
  }
  for (const name of Object.keys(given)) {
    if (!methods.has(name)) {
      throw new TypeError(`There is a handler "${name}", but the service "${declared.name}" has no such method.`);
    }
  }
  return { service: declared.name, methods };
}
