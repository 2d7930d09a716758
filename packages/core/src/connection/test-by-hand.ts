/** Ends of a connection that tests drive by hand, frame by frame. No part of the package. */
import { KIND, type Kind } from '../contract/kind.ts';
import type { Code } from '../error/code.ts';
import type { Metadata } from '../error/metadata.ts';
import type { Failure, RpcError } from '../error/rpc-error.ts';
import { FRAME } from '../wire/frame.ts';
import { FrameDecoder } from '../wire/frame-decoder.ts';
import { encodeHello } from '../wire/hello.ts';
import { type Limits, limitsWith } from '../wire/limits.ts';
import { PREFACE, type Role } from '../wire/preface.ts';
import { type Budgets, UNLIMITED } from './budget.ts';
import { type IncomingCall, type MethodDeclaration, OutgoingCall } from './call.ts';
import { Connection } from './connection.ts';
import { declared } from './test-declared.ts';
import { frame, inShort, type Sent } from './test-stream-frames.ts';

/** A call or an event, and what became of it. */
export class Asked extends OutgoingCall {
  /** Exactly one, once it is over. */
  readonly outcomes: ({ value: unknown } | Failure)[] = [];
  /** How often it was told that the other end reads no more. */
  stops = 0;
  /** What is to be done as soon as it is over. */
  onOver: () => void = () => {};

  override answered(value: unknown): void {
    this.outcomes.push({ value });
    this.onOver();
  }

  override failed(failure: Failure): void {
    this.outcomes.push(failure);
    this.onOver();
  }

  override stopped(): void {
    this.stops++;
  }

  /** Its one outcome in short; none while it is open. */
  get outcome(): string {
    const [outcome, second] = this.outcomes;
    if (second !== undefined) throw new Error('The call has two outcomes.');
    if (outcome === undefined) return 'none';
    return 'code' in outcome ? `${outcome.code} ${outcome.execution ?? 'unknown'}` : 'answered';
  }
}

export interface Setting {
  readonly role?: Role;
  /** What this end takes. */
  readonly local?: Partial<Limits>;
  readonly budgets?: Budgets;
  /** What becomes of a request as soon as it is there. Default: nothing. */
  readonly serve?: (call: IncomingCall<string>, end: End) => void;
}

/** An event that has come. */
export interface Come {
  readonly target: string;
  readonly value: unknown;
  readonly metadata: Metadata | undefined;
  readonly settled: () => void;
}

/** One end. It serves all methods but those whose name begins with `unknown`; each as the kind that it is named as. */
export class End {
  readonly role: Role;
  readonly connection: Connection<string>;
  /** What its host was told, in order. */
  readonly told: string[] = [];
  readonly requests: IncomingCall<string>[] = [];
  readonly events: Come[] = [];
  readonly lost: RpcError[] = [];
  readonly closed: RpcError[] = [];
  /** How often its host was told that there is something to send. */
  wakes = 0;
  readonly #routes = new Map<string, MethodDeclaration>();

  constructor({ role = 'acceptor', local = {}, budgets = UNLIMITED, serve = () => {} }: Setting = {}) {
    this.role = role;
    const hello = { limits: limitsWith(local), services: [], features: [] };
    const { told } = this;
    this.connection = new Connection<string>(
      role,
      hello,
      {
        wake: () => {
          this.wakes++;
        },
        opened: () => {},
        resolve: ({ service, name }) => (name.startsWith('unknown') ? undefined : `${service}.${name}`),
        contract: () => ({ fingerprint: new Uint8Array(0), description: undefined }),
        now: () => 0,
        waits: () => {},
        request: (call) => {
          told.push(`request ${call.id}`);
          this.requests.push(call);
          serve(call, this);
        },
        cancelled: (call) => told.push(`cancelled ${call.id} ${call.cancelled}`),
        inputEnded: (call, error) => told.push(`input ended ${call.id}${error === undefined ? '' : ` ${error.code}`}`),
        event: (target, value, metadata, settled) => {
          told.push(`event ${target}`);
          this.events.push({ target, value, metadata, settled });
        },
        eventLost: (target, error) => {
          told.push(`event lost ${target} ${error.code}`);
          this.lost.push(error);
        },
        draining: () => told.push('draining'),
        finished: (reason) => {
          told.push(`closed ${reason.code}`);
          this.closed.push(reason);
        },
      },
      budgets,
    );
  }

  get #exchange() {
    return this.connection.exchange;
  }

  route(kind: Kind, name: string): MethodDeclaration {
    const key = `${name} ${kind}`;
    let route = this.#routes.get(key);
    if (route === undefined) {
      route = declared('s', name, kind);
      this.#routes.set(key, route);
    }
    return route;
  }

  /** Makes a call. */
  ask(kind: keyof typeof KIND, input?: unknown, about: Partial<Asked> & { name?: string } = {}): Asked {
    const { name = kind, ...fields } = about;
    const call = Object.assign(new Asked(), fields);
    this.#exchange.request(call, this.route(KIND[kind], name), input, Number.POSITIVE_INFINITY);
    return call;
  }

  /** Sends an event. */
  emit(value: unknown, name = 'event', metadata?: Uint8Array): Asked {
    const event = new Asked();
    event.metadata = metadata;
    this.#exchange.emit(this.route(KIND.event, name), event, value);
    return event;
  }

  end(call: OutgoingCall): void {
    this.#exchange.caller.end(call);
  }

  cancel(call: OutgoingCall, code: Code = 'CANCELLED'): void {
    this.#exchange.caller.cancel(call, code);
  }

  answer(call: IncomingCall<string>, value?: unknown): void {
    this.#exchange.responder.answer(call, value);
  }

  fail(call: IncomingCall<string>, error: RpcError): void {
    this.#exchange.responder.fail(call, error);
  }

  stop(call: IncomingCall<string>): void {
    this.#exchange.responder.stop(call);
  }

  /** How many calls are open: its own, and the other end's. */
  get open(): readonly [own: number, others: number] {
    return [this.#exchange.caller.size, this.#exchange.callee.size];
  }

  /** The request with this call id that came last. */
  request(id: number): IncomingCall<string> {
    const found = this.requests.findLast((call) => call.id === id);
    if (found === undefined) throw new Error(`There is no request ${id}.`);
    return found;
  }

  receive(...frames: readonly Uint8Array[]): void {
    for (const bytes of frames) this.connection.receive(Buffer.from(bytes));
  }

  /** All frames that leave now. */
  sent(): Sent[] {
    const frames: Sent[] = [];
    const decoder = new FrameDecoder(2 ** 24, {
      frame: (type, flags, call, bytes, start, end) =>
        frames.push({ type, flags, call, payload: Buffer.from(bytes.subarray(start, end)) }),
    });
    for (let piece = this.connection.take(); piece !== undefined; piece = this.connection.take())
      decoder.push(Buffer.from(piece));
    if (decoder.unfinished) throw new Error('A frame left in part.');
    return frames;
  }

  /** All frames that leave now, in short. */
  leaves(): string[] {
    return this.sent().map(inShort);
  }
}

/** An end whose other end is made by hand, with these limits. Both have said hello. */
export function alone({ remote = {}, ...setting }: Setting & { readonly remote?: Partial<Limits> } = {}): End {
  const end = new End(setting);
  const hello = encodeHello({ limits: limitsWith(remote), services: [], features: [] });
  end.receive(PREFACE[end.role === 'acceptor' ? 'dialer' : 'acceptor'], frame(FRAME.HELLO, 0, [hello]));
  while (end.connection.take() !== undefined);
  return end;
}
