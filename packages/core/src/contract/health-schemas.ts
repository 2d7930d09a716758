import type { Issue } from './schema.ts';

/**
 * How a service stands, in the words of gRPC's health checking protocol.
 *
 * - `UNKNOWN`: its server cannot tell.
 * - `SERVING`: it can be called.
 * - `NOT_SERVING`: it is not to be called now.
 * - `SERVICE_UNKNOWN`: the server says nothing of a service of that name, as yet. Only `watch` gives it.
 */
export type ServingStatus = 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

/** Whose health is asked for. */
export interface HealthRequest {
  /** The name of a service. Default: `''`, which stands for the whole server. */
  readonly service?: string | undefined;
}

/** How it is. */
export interface HealthResponse {
  readonly status: ServingStatus;
}

/** A Standard Schema by hand: this package imports no library of schemas. */
export interface ByHand<Input, Output> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: 'nearcall';
    readonly validate: (value: unknown) => { readonly value: Output } | { readonly issues: readonly Issue[] };
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The longest name that a service can have, in bytes. What is kept for a watcher must not be as long as it likes. */
const LONGEST = 255;

const STATUSES: ReadonlySet<unknown> = new Set<ServingStatus>(['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']);

// biome-ignore lint/suspicious/noConfusingVoidType: it is what lets a caller leave the input out
export const healthRequest: ByHand<HealthRequest | void, { readonly service: string }> = byHand((value) => {
  if (value === undefined) return { value: { service: '' } };
  if (!isObject(value)) return wrong('expected an object { service }');
  const { service = '' } = value;
  if (typeof service !== 'string') return wrong('expected text', 'service');
  if (Buffer.byteLength(service) > LONGEST) return wrong(`expected at most ${LONGEST} bytes`, 'service');
  return { value: { service } };
});

export const healthResponse: ByHand<HealthResponse, HealthResponse> = byHand((value) => {
  if (!isObject(value)) return wrong('expected an object { status }');
  const { status } = value;
  if (STATUSES.has(status)) return { value: { status: status as ServingStatus } };
  return wrong(`expected ${[...STATUSES].join(', ')}`, 'status');
});

function byHand<Input, Output>(
  validate: (value: unknown) => { readonly value: Output } | { readonly issues: readonly Issue[] },
): ByHand<Input, Output> {
  return { '~standard': { version: 1, vendor: 'nearcall', validate } };
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}

function wrong(message: string, ...path: string[]): { readonly issues: readonly Issue[] } {
  return { issues: [{ message, path }] };
}
