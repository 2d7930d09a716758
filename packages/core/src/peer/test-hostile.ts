/** An end whose other end is written by hand, frame by frame. No part of the package. */
import type { Implementation } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import { KIND, type Kind } from '../contract/kind.ts';
import { memoryTransports } from '../transport/memory.ts';
import { FRAME } from '../wire/frame.ts';
import { FrameWriter } from '../wire/frame-writer.ts';
import { encodeHello } from '../wire/hello.ts';
import { type Limits, limitsWith } from '../wire/limits.ts';
import { pack } from '../wire/msgpack.ts';
import { PREFACE } from '../wire/preface.ts';
import type { Clock } from './clock.ts';
import { Peer } from './peer.ts';
import { quiet } from './test-world.ts';

export interface Attacked extends AsyncDisposable {
  readonly peer: Peer;
  /** What its `onError` has heard. */
  readonly reported: (readonly [error: Error, method: string])[];
  /** What it has said since its preface. */
  readonly said: () => string;
  /** Writes frames, sends them at once, and waits until what they cause has happened. */
  send(write: (frames: FrameWriter) => void): Promise<void>;
}

/** A peer that serves, with an attacker at the other end who states these limits. */
export async function attacked(
  implementation: Implementation,
  limits: Partial<Limits> = {},
  clock?: Clock,
): Promise<Attacked> {
  const [line, other] = memoryTransports();
  const reported: [Error, string][] = [];
  const implementations = new Implementations([implementation]);
  const onError = (error: unknown, method: string): void => void reported.push([error as Error, method]);
  const peer = new Peer(other, { role: 'acceptor', implementations, onError, clock });
  let said = '';
  line.start({
    data: (bytes) => {
      said += bytes.toString('latin1');
    },
    drained: () => {},
    ended: () => {},
    closed: () => {},
  });
  const send = async (write: (frames: FrameWriter) => void): Promise<void> => {
    const frames = new FrameWriter();
    write(frames);
    for (let piece = frames.take(); piece !== undefined; piece = frames.take()) line.send(piece, false);
    await quiet();
  };
  await send((frames) => {
    frames.plain(PREFACE.dialer);
    put(frames, FRAME.HELLO, 0, encodeHello({ limits: limitsWith(limits), services: [], features: [] }));
  });
  return {
    peer,
    reported,
    said: () => said,
    send,
    async [Symbol.asyncDispose]() {
      line.destroy();
      await peer.closed;
    },
  };
}

/** Writes one frame. */
export function put(frames: FrameWriter, type: number, call: number, ...parts: readonly Uint8Array[]): void {
  const payload = Buffer.concat(parts);
  frames.begin(type, 0, call, payload.length);
  frames.bytes(payload);
  frames.end();
}

/** Names a method. */
export function declare(frames: FrameWriter, number: number, name: string, kind: Kind = KIND.unary): void {
  const [service, method = ''] = name.split(/\.(.*)/s).map((part) => Buffer.from(part));
  const sizes = [service, method].map((part) => Buffer.of((part as Buffer).length));
  const fields = [sizes[0], service, sizes[1], method] as Buffer[];
  put(frames, FRAME.METHOD, 0, Buffer.of(number >> 8, number & 255, kind), ...fields);
}

/** Calls the method with the number 0, or sends it an event where `call` is that of the events. */
export function ask(frames: FrameWriter, type: number, call: number, input: unknown): void {
  put(frames, type, call, Buffer.of(0, 0), pack(input));
}
