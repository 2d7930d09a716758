import type { CallOptions } from '../contract/call-options.ts';
import type { InterceptedCall, Interceptor } from '../contract/interceptor.ts';
import { KIND, streamsInput } from '../contract/kind.ts';
import type { NamedMethod } from '../contract/service.ts';
import type { ResponseStream } from '../contract/stream.ts';
import { RpcError } from '../error/rpc-error.ts';
import { now } from '../transport/now.ts';
import { InterceptedStream } from './intercepted-stream.ts';
import { release } from './iterator-of.ts';
import { type Around, type CallOver, type Layer, LayerFault, runLayers } from './layers.ts';
import { madeInTime } from './made-in-time.ts';
import type { StubOwner } from './stub.ts';

/** Makes the calls of an owner with interceptors around them, outermost first; without any, it is that owner itself. */
export function intercepted(owner: StubOwner, interceptors: readonly Interceptor[] = []): StubOwner {
  return interceptors.length === 0 ? owner : new Intercepted(owner, [...interceptors]);
}

/** Makes the call itself, with what has become of its options. */
type Make = (options: CallOptions) => Promise<unknown>;

class Intercepted implements StubOwner {
  readonly #owner: StubOwner;
  readonly #layers: readonly Layer<InterceptedCall>[];

  constructor(owner: StubOwner, interceptors: readonly Interceptor[]) {
    this.#owner = owner;
    this.#layers = interceptors as readonly unknown[] as Layer<InterceptedCall>[];
  }

  call(method: NamedMethod, input: unknown, options?: CallOptions): Promise<unknown> {
    const outcome = this.#run(method, input, options, (changed) => this.#owner.call(method, input, changed));
    // Whoever sends an event and does not look back is not to be ended by an unhandled rejection.
    if (method.kind === KIND.event) outcome.catch(() => {});
    return outcome;
  }

  stream(method: NamedMethod, input: unknown, options?: CallOptions): ResponseStream<unknown> {
    return new InterceptedStream(
      (make) => this.#run(method, input, options, make),
      (changed) => this.#owner.stream(method, input, changed),
    );
  }

  /** Makes a call within its interceptors. The promise has its output. */
  async #run(method: NamedMethod, input: unknown, options: CallOptions = {}, make: Make): Promise<unknown> {
    const { fullName, kind } = method;
    const began = now();
    let made = false;
    let late = false;
    const around: Around<InterceptedCall> = {
      layers: this.#layers,
      kind: 'interceptor',
      method: fullName,
      grow: changed,
      call: ({ options: given }) => {
        if (late)
          return Promise.reject(new RpcError('CANCELLED', `${fullName} was given up before it was made.`, NOT_SENT));
        made = true;
        return make(within(given, given?.deadline ?? method.deadline, now() - began));
      },
      left: () => undefined,
      // Whoever called is told.
      faulty: () => {},
    };
    try {
      const call = { method: fullName, kind: NAMES[kind] as keyof typeof KIND, input, options };
      const running: Promise<CallOver> = runLayers(around, call);
      const over = made ? running : madeInTime(running, method, options, () => made);
      return (await over).output;
    } catch (error) {
      late = true;
      if (!made && streamsInput(kind)) release(input);
      if (!(error instanceof LayerFault)) throw error;
      const execution = made ? 'unknown' : 'not-sent';
      throw new RpcError('INTERNAL', error.message, { execution, method: fullName, cause: error });
    }
  }
}

const NOT_SENT = { execution: 'not-sent' } as const;

/** By the number of each kind. */
const NAMES = Object.keys(KIND) as readonly (keyof typeof KIND)[];

function changed(call: InterceptedCall, changes: unknown): InterceptedCall {
  if (changes === undefined) return call;
  if (typeof changes !== 'object' || changes === null) {
    throw new TypeError('next() takes an object, whose properties replace options of the call.');
  }
  return { ...call, options: { ...call.options, ...changes } };
}

/** The options of a call some of whose time is over. */
function within(options: CallOptions, deadline: number | undefined, elapsed: number): CallOptions {
  if (typeof deadline !== 'number' || elapsed < 1) return options;
  return { ...options, deadline: Math.max(0, deadline - Math.floor(elapsed)) };
}
