import { type HealthRequest, type HealthResponse, healthRequest, healthResponse } from './health-schemas.ts';
import { method } from './method.ts';
import type { Method, ServerStreamMethod } from './method-type.ts';
import { type Service, service } from './service.ts';
import { stream } from './stream.ts';

/** What can be asked about a server's health. */
export type HealthMethods = {
  /** Answers at once, or fails with NOT_FOUND where the server says nothing of the service. */
  // biome-ignore lint/suspicious/noConfusingVoidType: it is what lets a caller leave the input out
  readonly check: Method<HealthRequest | void, { readonly service: string }, HealthResponse>;
  /** Gives the status as it is now, and then each other one that it becomes. Ends as the server closes. */
  // biome-ignore lint/suspicious/noConfusingVoidType: it is what lets a caller leave the input out
  readonly watch: ServerStreamMethod<HealthRequest | void, { readonly service: string }, HealthResponse>;
};

/**
 * The contract of a server's health, after gRPC's health checking protocol (`grpc.health.v1`). `healthStatus()` of
 * `@nearcall/server` serves it.
 *
 * @example
 * ```ts
 * const server = await serve('unix:/run/user/1000/text.sock', healthStatus().implementation);
 * const client = connect(server.address, health);
 * console.log(await client.check()); // { status: 'SERVING' }
 * for await (const { status } of client.watch()) {
 *   console.log(`The server is ${status}.`);
 *   if (status === 'SERVING') break;
 * }
 * await close(client);
 * ```
 */
export const health: Service<HealthMethods> = service('nearcall.health', {
  check: method({ input: healthRequest, output: healthResponse, idempotent: true }),
  watch: method({ input: healthRequest, output: stream(healthResponse), idempotent: true }),
});
