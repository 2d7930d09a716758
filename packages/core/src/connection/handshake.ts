import { type Code, isCode } from '../error/code.ts';
import { RpcError } from '../error/rpc-error.ts';
import { FRAME, NO_CALL } from '../wire/frame.ts';
import { encodeHello, type Hello } from '../wire/hello.ts';
import { PREFACE, printable, type Role, readPreface, refusal } from '../wire/preface.ts';
import type { Outbox } from './outbox.ts';

/**
 * The first bytes both ways. The dialer speaks at once; the acceptor once it has read the dialer's preface, so that a
 * stranger gets one line that it can read, and nothing before it.
 */
export class Handshake {
  readonly #role: Role;
  readonly #hello: Hello;
  readonly #outbox: Outbox;
  #received: Buffer = NOTHING;

  constructor(role: Role, hello: Hello, outbox: Outbox) {
    this.#role = role;
    this.#hello = hello;
    this.#outbox = outbox;
    if (role === 'dialer') this.#greet();
  }

  /** Returns the bytes behind the other end's preface once it is whole, or why there will be no connection. */
  receive(chunk: Buffer): Buffer | RpcError | undefined {
    const received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#received = received;
    const result = readPreface(received, this.#role === 'dialer' ? 'acceptor' : 'dialer', false);
    switch (result.kind) {
      case 'incomplete':
        // A copy: the transport may read into the same memory again.
        this.#received = Buffer.from(received);
        return undefined;
      case 'accepted':
        this.#received = NOTHING;
        if (this.#role === 'acceptor') this.#greet();
        return received.subarray(result.rest);
      case 'refused':
        return refused(result.why);
      case 'foreign':
        return this.#stranger();
    }
  }

  /** The other end has ended before its hello: returns why there will be no connection. */
  ended(phase: 'preface' | 'hello'): RpcError {
    if (phase === 'hello') return unavailable('The other side closed the connection before its hello.');
    if (this.#received.length === 0) return unavailable('The other side closed the connection without a word.');
    const result = readPreface(this.#received, this.#role === 'dialer' ? 'acceptor' : 'dialer', true);
    return result.kind === 'refused' ? refused(result.why) : this.#stranger();
  }

  /** Tells a dialer why it is not served. */
  refuse(why: string, code: Code = 'UNAVAILABLE'): void {
    if (this.#role !== 'acceptor') return;
    this.#outbox.urgent.plain(refusal(code === 'UNAVAILABLE' ? why : `${code}: ${why}`));
  }

  #greet(): void {
    const hello = encodeHello(this.#hello);
    // Nothing may overtake it: what is urgent comes behind it in the same queue.
    const { urgent } = this.#outbox;
    urgent.plain(PREFACE[this.#role]);
    urgent.begin(FRAME.HELLO, 0, NO_CALL, hello.length);
    urgent.bytes(hello);
    urgent.end();
  }

  #stranger(): RpcError {
    const received = this.#received;
    const text = received.toString('latin1', 0, 64);
    const seen = `"${printable(text)}${received.length > 64 ? '...' : ''}"`;
    const expected = PREFACE.dialer.toString('latin1');
    if (this.#role === 'dialer' && text.slice(0, expected.length) === expected.slice(0, text.length)) {
      return unavailable('What listens there does not speak nearcall: it sends back what it gets.');
    }
    const spoken = text.startsWith('nearcall/') ? 'this version of nearcall' : 'nearcall';
    if (this.#role === 'dialer') {
      return unavailable(`What listens there does not speak ${spoken}: its first bytes were ${seen}.`);
    }
    this.refuse(`this socket speaks nearcall, which begins with "${printable(expected)}"; what came was ${seen}`);
    return unavailable(`The client does not speak ${spoken}: its first bytes were ${seen}.`);
  }
}

const NOTHING = Buffer.alloc(0);

/** The code stands in front of what is there for people; UNAVAILABLE is left out. */
function refused(said: string): RpcError {
  const [, name = '', rest = ''] = /^([A-Z_]+): (.*)$/.exec(said) ?? [];
  const [code, why] = isCode(name) ? ([name, rest] as const) : (['UNAVAILABLE', said] as const);
  return new RpcError(code, `The server refused the connection: ${why}`, { execution: 'not-sent' });
}

/** An UNAVAILABLE for what has not begun, so that nothing was sent. */
export function unavailable(message: string): RpcError {
  return new RpcError('UNAVAILABLE', message, { execution: 'not-sent' });
}
