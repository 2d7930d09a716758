import { expect, test } from 'vitest';
import { FLAG, FRAME, NO_CALL } from '../wire/frame.ts';
import { FrameDecoder } from '../wire/frame-decoder.ts';
import { FrameWriter } from '../wire/frame-writer.ts';
import { DEFAULT_LIMITS } from '../wire/limits.ts';
import { PREFACE } from '../wire/preface.ts';
import type { IncomingCall } from './call.ts';
import { Connection } from './connection.ts';
import { QUEUE_BYTES } from './outbox.ts';

interface End {
  readonly connection: Connection<string>;
  readonly calls: IncomingCall<string>[];
  readonly reasons: string[];
}

/** An acceptor whose hello is over, and a method that has the number 0. */
function acceptor(): End {
  const calls: IncomingCall<string>[] = [];
  const reasons: string[] = [];
  const hello = { limits: DEFAULT_LIMITS, services: [], features: [] };
  const connection = new Connection<string>('acceptor', hello, {
    opened() {},
    resolve: ({ name }) => name,
    request: (call) => calls.push(call),
    cancelled() {},
    draining() {},
    closed: ({ message }) => reasons.push(message),
  });
  const writer = new FrameWriter();
  writer.plain(PREFACE.dialer);
  writer.begin(FRAME.HELLO, 0, NO_CALL, 1);
  writer.bytes(Uint8Array.of(0x80));
  writer.end();
  writer.begin(FRAME.METHOD, 0, NO_CALL, 7);
  writer.bytes(Uint8Array.of(0, 0, 0, 1, 0x73, 1, 0x6d));
  writer.end();
  connection.receive(written(writer));
  return { connection, calls, reasons };
}

function written(writer: FrameWriter): Buffer {
  return Buffer.from(writer.take() ?? []);
}

function request(slot: number): Buffer {
  const writer = new FrameWriter();
  writer.begin(FRAME.REQUEST, 0, slot * 2, 2);
  writer.u16(0);
  writer.end();
  return written(writer);
}

/** The calls that were answered in what is taken now, and how many bytes waited. */
function drain({ connection }: End): { answered: number[]; errors: number[]; bytes: number } {
  const answered: number[] = [];
  const errors: number[] = [];
  let bytes = 0;
  const decoder = new FrameDecoder(DEFAULT_LIMITS.chunk, (type, flags, call) => {
    if (type === FRAME.ANSWER && (flags & FLAG.MORE) === 0) answered.push(call / 2);
    if (type === FRAME.ERROR) errors.push(call / 2);
  });
  for (let piece = connection.take(); piece !== undefined; piece = connection.take()) {
    bytes += piece.length;
    const chunk = Buffer.from(piece);
    decoder.push(chunk.subarray(0, PREFACE.acceptor.length).equals(PREFACE.acceptor) ? chunk.subarray(16) : chunk);
  }
  return { answered, errors, bytes };
}

const answer = 'x'.repeat(20_000);

test('answers wait unwritten for one who does not read, and hold their calls open until they are written', () => {
  const end = acceptor();
  for (let slot = 0; slot < 1024; slot++) end.connection.receive(request(slot));
  for (const call of end.calls) end.connection.answer(call, answer);
  const fit = Math.ceil(QUEUE_BYTES / answer.length);
  // Those that were written gave their slots back; the others have not.
  expect(end.connection.serving).toBeGreaterThan(1024 - fit - 10);
  expect(end.connection.serving).toBeLessThan(1024 - fit + 10);
  const { answered } = drain(end);
  expect(answered).toEqual(Array.from({ length: 1024 }, (_, slot) => slot));
  expect(end.connection.serving).toBe(0);
});

test('one who makes calls again and again and reads no answer is refused the slots that it has not read', () => {
  const end = acceptor();
  for (let round = 0; end.reasons.length === 0 && round < 100; round++) {
    for (let slot = 0; slot < 100; slot++) end.connection.receive(request(slot));
    for (const call of end.calls.splice(0)) end.connection.answer(call, answer);
  }
  expect(end.reasons[0]).toContain('which is open');
  expect(drain(end).bytes).toBeLessThan(QUEUE_BYTES + 100_000);
});

test('errors wait as answers do', () => {
  const end = acceptor();
  end.connection.drain();
  for (let slot = 0; slot < 1024; slot++) end.connection.receive(request(slot));
  expect(drain(end).errors).toHaveLength(1024);
});

test('an answer that waits is given up with its call', () => {
  const end = acceptor();
  for (let slot = 0; slot < 1024; slot++) end.connection.receive(request(slot));
  for (const call of end.calls) end.connection.answer(call, answer);
  const writer = new FrameWriter();
  writer.begin(FRAME.CANCEL, 0, 1023 * 2, 1);
  writer.bytes(Uint8Array.of(1));
  writer.end();
  end.connection.receive(written(writer));
  const { answered, errors } = drain(end);
  expect([answered.length, errors]).toEqual([1023, [1023]]);
  expect(end.connection.serving).toBe(0);
});

test('one who sends pings and reads nothing is broken off, before much memory is gone', () => {
  const end = acceptor();
  const writer = new FrameWriter();
  for (let i = 0; i < 3000; i++) {
    writer.begin(FRAME.PING, 0, NO_CALL, 8);
    writer.u64(i);
    writer.end();
  }
  const pings = written(writer);
  for (let round = 0; end.reasons.length === 0 && round < 1000; round++) end.connection.receive(pings);
  expect(end.reasons[0]).toContain('more frames than it read the answers to');
  expect(drain(end).bytes).toBeLessThan(2 * QUEUE_BYTES + 200_000);
});
