import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** The bytes that a dialer begins with. */
export const PREFACE = 'nearcall/1 dial\n';
/** The bytes that an acceptor begins with. */
export const OPENING = 'nearcall/1 open\n';

// The layout of core's wire/frame.ts, written down a second time: what is pinned here cannot change unnoticed.
export const GOAWAY = 0x02;
export const PING = 0x03;
export const PONG = 0x04;
export const CREDIT = 0x05;
export const METHOD = 0x06;
export const REQUEST = 0x10;
export const ANSWER = 0x11;
export const ERROR = 0x12;
export const HEADER = 0x13;
export const CHUNK = 0x14;
export const ITEMS = 0x15;
export const ITEM = 0x16;
export const END = 0x17;
export const CANCEL = 0x18;
export const STOP = 0x19;
export const EVENT = 0x1a;
export const MORE = 0x01;
/** What frames of events name in the place of a call. */
export const EVENTS_CALL = 0xffffffff;
export const HELLO = 0x01;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly call: number;
  readonly payload: Buffer;
}

export function frame(type: number, flags: number, call: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt32BE(6 + payload.length, 0);
  header[4] = type;
  header[5] = flags;
  header.writeUInt32BE(call, 6);
  return Buffer.concat([header, payload]);
}

/** A hello that says nothing: an empty msgpack map. */
export const hello: Buffer = frame(HELLO, 0, 0, Uint8Array.of(0x80));

/** Gives a method a number. The kinds are unary, server stream, client stream, both ways and event, from 0 on. */
export function declare(number: number, service: string, name: string, kind = 0): Buffer {
  const payload = Buffer.from([
    0,
    number,
    kind,
    service.length,
    ...Buffer.from(service),
    name.length,
    ...Buffer.from(name),
  ]);
  return frame(METHOD, 0, 0, payload);
}

/** A request with a short ASCII text as its input and without a deadline. */
export function request(call: number, method: number, input: string): Buffer {
  return frame(REQUEST, 0, call, Buffer.concat([Uint8Array.of(0, method), msgpackText(input)]));
}

export function msgpackText(value: string): Buffer {
  return Buffer.concat([Uint8Array.of(0xa0 | value.length), Buffer.from(value, 'latin1')]);
}

/** The whole frames in what came after the acceptor's first line. */
export function framesOf(received: Buffer): Frame[] {
  const frames: Frame[] = [];
  let at = OPENING.length;
  while (at + 4 <= received.length) {
    const end = at + 4 + received.readUInt32BE(at);
    if (end > received.length) break;
    frames.push({
      type: received[at + 4] as number,
      flags: received[at + 5] as number,
      call: received.readUInt32BE(at + 6),
      payload: received.subarray(at + 10, end),
    });
    at = end;
  }
  return frames;
}

/** A socket without nearcall behind it, which keeps what it hears. */
export interface RawClient extends Disposable {
  readonly socket: Socket;
  /** Everything that came so far. */
  readonly received: Buffer;
  send(bytes: string | Uint8Array): void;
  /** Fulfils once `enough` is content with what has come; rejects where the other side ends before. */
  until(enough: (received: Buffer) => boolean): Promise<Buffer>;
  /** Fulfils with everything that came once the other side has ended. */
  readonly ended: Promise<Buffer>;
  /** Fulfils once both sides are over. */
  readonly closed: Promise<unknown>;
}

/** Connects. Unless `allowHalfOpen`, the socket ends its side when the other side has ended. */
export async function dialRaw(path: string, { allowHalfOpen = false } = {}): Promise<RawClient> {
  const socket = connect({ path, allowHalfOpen });
  await once(socket, 'connect');
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (piece: Buffer) => {
    received = Buffer.concat([received, piece]);
  });
  // The other side may be gone when we write. What it said before is what a test looks at.
  socket.on('error', () => {});
  const over = new Promise<void>((resolve) => {
    socket.once('end', resolve);
    socket.once('close', resolve);
  });
  return {
    socket,
    get received() {
      return received;
    },
    send: (bytes) => void socket.write(bytes),
    until: (enough) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (enough(received)) resolve(received);
        };
        socket.on('data', look);
        void over.then(() => reject(new Error(`The other side ended after: ${received.toString('latin1')}`)));
        look();
      }),
    ended: over.then(() => received),
    closed: new Promise((resolve) => socket.once('close', resolve)),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
