/** Ends of connections for the tests of this room, which record what their hosts are told. No part of the package. */
import type { Code } from '../error/code.ts';
import type { Metadata } from '../error/metadata.ts';
import type { Failure, RpcError } from '../error/rpc-error.ts';
import { FLAG, FRAME, frameName } from '../wire/frame.ts';
import { FrameDecoder } from '../wire/frame-decoder.ts';
import { encodeHello } from '../wire/hello.ts';
import { type Limits, limitsWith, type OwnLimits } from '../wire/limits.ts';
import { PREFACE, type Role } from '../wire/preface.ts';
import type { Budgets } from './budget.ts';
import { type IncomingCall, type MethodDeclaration, OutgoingCall } from './call.ts';
import { Connection } from './connection.ts';
import type { Host } from './host.ts';
import { declared } from './test-declared.ts';
import { drain, frame, framesOf, hex, type Sent } from './test-frames.ts';

export class Asked extends OutgoingCall {
  /** What became of it: exactly one, once it is over. */
  readonly outcomes: unknown[] = [];
  /** How often it was told that nobody reads on. */
  stops = 0;

  override answered(value: unknown): void {
    this.outcomes.push(value instanceof Uint8Array ? hex(value) : value);
  }

  override failed({ code, execution, message }: Failure): void {
    this.outcomes.push({ code, execution, message });
  }

  override stopped(): void {
    this.stops++;
  }
}

export interface EventThatCame {
  readonly target: string;
  readonly value: unknown;
  readonly metadata: Metadata | undefined;
  readonly settled: () => void;
}

/** One end, and what its host was told. */
export interface End {
  readonly connection: Connection<string>;
  readonly requests: IncomingCall<string>[];
  readonly cancelled: IncomingCall<string>[];
  readonly events: EventThatCame[];
  readonly closed: RpcError[];
  /** What left this end since `watch`, as `TYPE id`, with a plus where it goes on. */
  readonly left: string[];
  /** From now on what leaves is kept in `left`. */
  watch(): void;
  /** The next bytes that leave; behind `watch` whole frames. */
  take(): Uint8Array | undefined;
  receive(...chunks: readonly Uint8Array[]): void;
  /** Takes all that it has to send now, as frames. */
  sent(): Sent[];
  /** Makes a call of a method; by default of `s.known`. */
  ask(input: unknown, route?: MethodDeclaration, timeLeft?: number): Asked;
  /** Gives up a call. */
  cancel(call: OutgoingCall, code?: Code): void;
  answer(call: IncomingCall<string> | undefined, value: unknown): void;
  fail(call: IncomingCall<string> | undefined, error: RpcError): void;
  /** The request that came with this input. */
  request(input: unknown): IncomingCall<string>;
  /** The calls that it has made and that hold a slot. */
  calls(): readonly OutgoingCall[];
  /** How many calls of the other end are open. */
  readonly serving: number;
}

/** What an end can be told to do besides recording. */
export interface Hooks extends Partial<Host<string>> {
  readonly services?: string[];
  readonly budgets?: Budgets;
}

/** An end that has said nothing yet. It serves every method but those named `unknown`. */
export function endOf(role: Role, limits: Partial<OwnLimits> = {}, hooks: Hooks = {}): End {
  const requests: IncomingCall<string>[] = [];
  const cancelled: IncomingCall<string>[] = [];
  const events: EventThatCame[] = [];
  const closed: RpcError[] = [];
  const left: string[] = [];
  const host: Host<string> = {
    wake: () => hooks.wake?.(),
    opened: (hello) => hooks.opened?.(hello),
    resolve: (method) =>
      hooks.resolve === undefined ? (method.name === 'unknown' ? undefined : method.name) : hooks.resolve(method),
    contract: (target) => hooks.contract?.(target) ?? { fingerprint: new Uint8Array(0), description: undefined },
    now: () => hooks.now?.() ?? 0,
    waits: (until) => hooks.waits?.(until),
    request: (call) => {
      requests.push(call);
      hooks.request?.(call);
    },
    cancelled: (call) => {
      cancelled.push(call);
      hooks.cancelled?.(call);
    },
    event: (target, value, metadata, settled) => {
      events.push({ target, value, metadata, settled });
      hooks.event?.(target, value, metadata, settled);
    },
    eventLost: (target, error) => hooks.eventLost?.(target, error),
    inputEnded: (call, error) => hooks.inputEnded?.(call, error),
    draining: () => hooks.draining?.(),
    finished: (reason) => {
      closed.push(reason);
      hooks.finished?.(reason);
    },
  };
  const hello = { limits: limitsWith(limits), services: hooks.services ?? [], features: [] };
  const connection = new Connection<string>(role, hello, host, hooks.budgets);
  let decoder: FrameDecoder | undefined;
  const known = declared('s', 'known', 0);
  const { exchange } = connection;
  const end: End = {
    connection,
    requests,
    cancelled,
    events,
    closed,
    left,
    watch() {
      decoder = new FrameDecoder(2 ** 24, {
        frame: (type, flags, call) => left.push(`${frameName(type)} ${call}${(flags & FLAG.MORE) === 0 ? '' : '+'}`),
      });
    },
    take() {
      const pieces: Uint8Array[] = [];
      do {
        const bytes = connection.take();
        if (bytes === undefined) break;
        decoder?.push(Buffer.from(bytes));
        pieces.push(bytes);
      } while (decoder?.unfinished === true);
      return pieces.length === 0 ? undefined : Buffer.concat(pieces);
    },
    receive(...chunks) {
      for (const chunk of chunks) connection.receive(Buffer.from(chunk));
    },
    sent: () => framesOf(...drain(end)),
    ask(input, route = known, timeLeft = Number.POSITIVE_INFINITY) {
      const call = new Asked();
      exchange.request(call, route, input, timeLeft);
      return call;
    },
    cancel: (call, code = 'CANCELLED') => exchange.caller.cancel(call, code),
    answer: (call, value) => exchange.responder.answer(call as IncomingCall<string>, value),
    fail: (call, error) => exchange.responder.fail(call as IncomingCall<string>, error),
    request(input) {
      const found = requests.find((call) => call.input === input);
      if (found === undefined) throw new Error(`There is no request with ${String(input)}.`);
      return found;
    },
    calls: () => exchange.caller.all(),
    get serving() {
      return exchange.callee.size;
    },
  };
  return end;
}

/** An end that is open, across from one that sends what a test makes by hand. */
export function open(role: Role, local: Partial<OwnLimits>, remote: Partial<Limits>, hooks?: Hooks): End {
  const end = endOf(role, local, hooks);
  const hello = encodeHello({ limits: limitsWith(remote), services: [], features: [] });
  end.receive(PREFACE[role === 'acceptor' ? 'dialer' : 'acceptor'], frame(FRAME.HELLO, 0, [hello]));
  drain(end);
  return end;
}

export interface Pair {
  readonly near: End;
  readonly far: End;
  /** Carries everything both ways until nothing is left to send. */
  settle(): void;
  /** Carries what one end has to send now, and nothing back. */
  carry(from: End, pieces?: number): void;
}

/** Two open ends. What they take is small, so that a message of a few kilobytes is a long one. */
export function pair(near: Partial<Limits> = {}, far: Partial<Limits> = {}, hooks?: Hooks): Pair {
  const small = { chunk: 1024, window: 1024 };
  const ends = [endOf('dialer', { ...small, ...near }, hooks), endOf('acceptor', { ...small, ...far }, hooks)] as const;
  const carry = (from: End, pieces = Number.POSITIVE_INFINITY): boolean => {
    const to = from === ends[0] ? ends[1] : ends[0];
    for (let i = 0; i < pieces; i++) {
      const bytes = from.take();
      if (bytes === undefined) return i > 0;
      to.receive(bytes);
    }
    return true;
  };
  const settle = (): void => {
    while ([carry(ends[0], 1), carry(ends[1], 1)].includes(true));
  };
  settle();
  for (const end of ends) end.watch();
  return { near: ends[0], far: ends[1], settle, carry };
}
