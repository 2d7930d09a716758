import { RpcError } from '../error/rpc-error.ts';
import type { Forms, Shapes } from '../wire/form.ts';
import { describeMethod, type MethodSchemas } from './description/describe.ts';
import { fingerprintOf } from './description/fingerprint.ts';
import type { Kind } from './kind.ts';
import { CHECKS, type ErrorChecks, type MethodChecks } from './method.ts';
import type { DeclaredErrorOptions } from './method-type.ts';
import { checkName } from './name.ts';
import type { Check } from './schema.ts';

/** A method of any types. */
export interface AnyMethod {
  readonly '~call': unknown;
  readonly '~input': unknown;
  readonly '~return': unknown;
  readonly '~handler': unknown;
}

/** The methods of a service, by name. */
export type Methods = { readonly [name: string]: AnyMethod };

/** What calls a service: each method as an async function. */
export type Client<M extends Methods> = { readonly [K in keyof M]: M[K]['~call'] };

/** What serves a service: a function for each method, which takes the parsed input and gives the output. */
export type Handlers<M extends Methods> = { readonly [K in keyof M]: M[K]['~handler'] };

/** A named set of methods: the contract that both ends share. */
export interface Service<M extends Methods> {
  /** The name that it has on the wire. */
  readonly name: string;
  readonly methods: M;
  readonly '~client': Client<M>;
  readonly '~handlers': Handlers<M>;
}

/** A service of any types. */
export interface AnyService {
  readonly name: string;
  readonly methods: Methods;
  readonly '~client': unknown;
  readonly '~handlers': unknown;
}

/** A method as it runs, with its place in the contract. */
export interface NamedMethod extends MethodChecks {
  readonly service: string;
  readonly name: string;
  /** For messages: `text.uppercase`. */
  readonly fullName: string;
  /** Eight bytes that are equal where the contracts are; none where nothing is stated. Made when first asked for. */
  readonly fingerprint: Uint8Array;
  /** What the contract says of it, as one end describes it to the other; undefined where that cannot be said. */
  readonly description: string | undefined;
}

/**
 * Declares a service: the methods under one name. The same object serves both ends.
 *
 * @throws TypeError for a name that is empty or longer than 255 bytes, for a method whose name holds a dot, or that
 * {@link method} did not make. The name of a service may hold dots: `acme.text`.
 * @example
 * ```ts
 * export const text = service('text', {
 *   uppercase: method({ input: z.string(), output: z.string() }),
 * });
 * ```
 */
export function service<M extends Methods>(name: string, methods: M): Service<M> {
  checkName(name, 'service');
  // No prototype: a method may have any name, also one that objects inherit.
  const named: Record<string, unknown> = Object.create(null);
  for (const [key, method] of Object.entries(methods)) {
    checkName(key, `method of the service "${name}"`);
    // What stands before the last dot of a full name is the service: no two methods have the same.
    if (key.includes('.')) {
      throw new TypeError(`The name of a method of the service "${name}" is "${key}"; it must hold no dot.`);
    }
    const checks = (method as { [CHECKS]?: MethodChecks } | null)?.[CHECKS];
    if (checks === undefined)
      throw new TypeError(`${name}.${key} is not a method: make it with method({ … }) or event(…).`);
    named[key] = nameMethod(name, key, checks);
  }
  return Object.freeze({ name, methods: Object.freeze(named) }) as unknown as Service<M>;
}

/** The method as it runs. */
export function namedMethod(service: AnyService, name: string): NamedMethod {
  return (service.methods[name] as unknown as { [CHECKS]: NamedMethod })[CHECKS];
}

const NO_FINGERPRINT = new Uint8Array(0);

/**
 * A class, whose objects are fast to look into. One of a literal with getters is a hash table to V8, and a call looks into
 * its method a dozen times: that took 9 % of a call's CPU, and half of it where calls go to 1,000 methods in turn.
 */
class Named implements NamedMethod {
  readonly service: string;
  readonly name: string;
  readonly fullName: string;
  readonly kind: Kind;
  readonly schemas: MethodSchemas;
  readonly shapes: Shapes;
  forms: Forms | undefined;
  readonly parseInput: Check;
  readonly encodeOutput: Check;
  readonly parseOutput: Check;
  readonly errors: ReadonlyMap<string, ErrorChecks>;
  readonly idempotent: boolean;
  readonly deadline: number | undefined;
  #fingerprint: Uint8Array | undefined = undefined;

  constructor(service: string, name: string, checks: MethodChecks) {
    this.service = service;
    this.name = name;
    this.fullName = `${service}.${name}`;
    this.kind = checks.kind;
    this.schemas = checks.schemas;
    this.shapes = checks.shapes;
    this.forms = checks.forms;
    this.parseInput = checks.parseInput;
    this.encodeOutput = checks.encodeOutput;
    this.parseOutput = checks.parseOutput;
    this.errors = checks.errors;
    this.idempotent = checks.idempotent;
    this.deadline = checks.deadline;
  }

  get fingerprint(): Uint8Array {
    if (this.#fingerprint === undefined) {
      const { description } = this;
      this.#fingerprint = description === undefined ? NO_FINGERPRINT : fingerprintOf(description);
    }
    return this.#fingerprint;
  }

  // Rarely asked for, and longer than all else of a method: it is not kept.
  get description(): string | undefined {
    return describeMethod(this.schemas);
  }
}

function nameMethod(service: string, name: string, checks: MethodChecks): object {
  const named = new Named(service, name, checks);
  return Object.freeze({
    [CHECKS]: named,
    error: (errorName: string, data: unknown, options?: DeclaredErrorOptions) =>
      declaredError(named, errorName, data, options),
    isError: (thrown: unknown) =>
      thrown instanceof RpcError && thrown.method === named.fullName && checks.errors.has(thrown.name),
  });
}

function declaredError(
  method: NamedMethod,
  name: string,
  data: unknown,
  { message = `${method.fullName} failed: ${name}.`, ...options }: DeclaredErrorOptions = {},
): RpcError {
  if (!method.errors.has(name)) {
    const declared = [...method.errors.keys()].join(', ') || 'none';
    throw new TypeError(`${method.fullName} declares no error "${name}". It declares: ${declared}.`);
  }
  return new RpcError('UNKNOWN', message, { ...options, name, data, method: method.fullName });
}
