import { KIND, Route } from '../connection/call.ts';
import type { CallOptions } from '../contract/call-options.ts';
import { type AnyService, namedMethod } from '../contract/service.ts';
import type { Peer } from './peer.ts';

/**
 * The object that a service is called through: one async function a method, and nothing else. It has no prototype, so
 * that a method may have any name.
 */
export function stub(peer: Peer, service: AnyService): Record<string, unknown> {
  const client: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(service.methods)) {
    const method = namedMethod(service, name);
    const route = new Route(service.name, name, KIND.unary);
    client[name] = (input: unknown, options?: CallOptions) => peer.call(method, route, input, options);
  }
  return client;
}
