import type { MiddlewareContext } from '../contract/middleware.ts';
import type { RemotePeer } from '../contract/remote-peer.ts';
import type { Metadata } from '../error/metadata.ts';
import { CallContext } from './call-context.ts';

/**
 * The context of a call that middleware stands around: that of the call, and what they add to it, which are its only
 * properties. The call's own keep their names, and are made no sooner than anybody asks for them.
 */
export class GrownContext implements MiddlewareContext {
  readonly #call: CallContext;
  readonly #input: unknown;

  constructor(call: CallContext, input: unknown) {
    this.#call = call;
    this.#input = input;
  }

  /** The context of the call that a handler serves: what it was given, or what that has grown from. */
  static callOf(context: unknown): CallContext | undefined {
    if (context instanceof CallContext) return context;
    return context instanceof GrownContext ? context.#call : undefined;
  }

  /** @throws TypeError where that would hide what the context has of its own. */
  static add(context: GrownContext, added: unknown): void {
    if (added === undefined) return;
    if (typeof added !== 'object' || added === null) {
      throw new TypeError('next() takes an object, whose properties are added to the context.');
    }
    for (const [name, value] of Object.entries(added)) {
      if (name in GrownContext.prototype) {
        throw new TypeError(`A middleware cannot add "${name}" to the context, which has one of its own.`);
      }
      (context as unknown as Record<string, unknown>)[name] = value;
    }
  }

  get input(): unknown {
    return this.#input;
  }

  get method(): string {
    return this.#call.method;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get draining(): AbortSignal {
    return this.#call.draining;
  }

  get deadline(): number {
    return this.#call.deadline;
  }

  get metadata(): Metadata {
    return this.#call.metadata;
  }

  get peer(): RemotePeer {
    return this.#call.peer;
  }

  get sendHeader(): (metadata: Metadata) => void {
    return this.#call.sendHeader;
  }

  get setTrailer(): (metadata: Metadata) => void {
    return this.#call.setTrailer;
  }
}
