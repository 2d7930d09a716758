import type { CallOptions } from '../contract/call-options.ts';
import { type Contract, isService } from '../contract/client.ts';
import type { Context } from '../contract/context.ts';
import { streamsOutput } from '../contract/kind.ts';
import { type AnyService, type NamedMethod, namedMethod } from '../contract/service.ts';
import type { ResponseStream } from '../contract/stream.ts';

/** Who makes the calls of a stub. */
export interface StubOwner {
  /** Makes a call, or sends an event. Never throws. */
  call(method: NamedMethod, input: unknown, options?: CallOptions): Promise<unknown>;
  /** Makes a call whose answer is a stream. It opens when the first item is asked for. */
  stream(method: NamedMethod, input: unknown, options?: CallOptions): ResponseStream<unknown>;
}

/**
 * What a contract is called through: one function a method, and nothing else; for several services an object of such by
 * name. They have no prototype, so that a method may have any name. With a `parent` every call is nested in that.
 */
export function clientOf(owner: StubOwner, contract: Contract, parent?: Context): Record<string, unknown> {
  if (isService(contract)) {
    const client = stub(owner, contract, parent);
    // Awaiting the client would call it.
    delete client['then'];
    return client;
  }
  const client: Record<string, unknown> = Object.create(null);
  for (const [name, service] of Object.entries(contract)) client[name] = stub(owner, service, parent);
  return client;
}

function stub(owner: StubOwner, service: AnyService, parent: Context | undefined): Record<string, unknown> {
  const client = bare();
  for (const name of Object.keys(service.methods)) {
    const method = namedMethod(service, name);
    client[name] = streamsOutput(method.kind) ? streaming(owner, method, parent) : calling(owner, method, parent);
  }
  return client;
}

/**
 * An object that inherits nothing. One of `Object.create(null)` is a hash table to V8, and looking a method up there took
 * 4 % of a client's time in a profile.
 */
function bare(): Record<string, unknown> {
  return Object.setPrototypeOf({}, null);
}

/** What a method is on a stub. */
type Called = (input: unknown, options?: CallOptions) => Promise<unknown> | ResponseStream<unknown>;

// Each has all that it needs in one scope: more would be as many lines of a CPU's cache at a call.

function calling(owner: StubOwner, method: NamedMethod, parent: Context | undefined): Called {
  if (parent === undefined) return (input, options) => owner.call(method, input, options);
  return (input, options) => owner.call(method, input, { parent, ...options });
}

function streaming(owner: StubOwner, method: NamedMethod, parent: Context | undefined): Called {
  if (parent === undefined) return (input, options) => owner.stream(method, input, options);
  return (input, options) => owner.stream(method, input, { parent, ...options });
}
