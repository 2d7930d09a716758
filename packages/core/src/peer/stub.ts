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
    const within = parent === undefined ? asGiven : (options: CallOptions | undefined) => ({ parent, ...options });
    client[name] = streamsOutput(method.kind)
      ? (input: unknown, options?: CallOptions) => owner.stream(method, input, within(options))
      : (input: unknown, options?: CallOptions) => owner.call(method, input, within(options));
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

function asGiven(options: CallOptions | undefined): CallOptions | undefined {
  return options;
}
