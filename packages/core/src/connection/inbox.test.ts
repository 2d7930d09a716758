import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FRAME } from '../wire/frame.ts';
import { FrameDecoder } from '../wire/frame-decoder.ts';
import { DEFAULT_LIMITS, type Limits, limitsWith } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { Call } from './call.ts';
import { Fields } from './fields.ts';
import { Inbox } from './inbox.ts';
import { Outbox } from './outbox.ts';

class AnyCall extends Call {
  constructor(id: number) {
    super();
    this.id = id;
  }
}

interface End {
  readonly inbox: Inbox;
  /** Begins a message of this length, of which the first frame brings so much. */
  begin(call: Call, total: number, first?: number, raw?: boolean): void;
  /** What has been granted since it was last asked, as [call, bytes]. */
  granted(): [call: number, bytes: number][];
}

function endWith(limits: Partial<Limits>): End {
  const outbox = new Outbox({ wake: () => {} });
  const inbox = new Inbox(limitsWith(limits), outbox);
  const fields = new Fields();
  return {
    inbox,
    begin(call, total, first = 0, raw = true) {
      const bytes = Buffer.alloc(8 + first);
      bytes.writeBigUInt64BE(BigInt(total));
      inbox.begin(call, fields.reset(bytes, 0, bytes.length), raw);
    },
    granted() {
      const grants: [number, number][] = [];
      const decoder = new FrameDecoder(100, {
        frame: (type, _flags, call, bytes, start, end) => {
          expect([type, end - start]).toEqual([FRAME.CREDIT, 4]);
          grants.push([call, bytes.readUInt32BE(start)]);
        },
      });
      for (let piece = outbox.take(100); piece !== undefined; piece = outbox.take(100))
        decoder.push(Buffer.from(piece));
      return grants;
    },
  };
}

const WINDOW = 1024;

test('a message gets credit for all that is missing of it, once', () => {
  const { inbox, begin, granted } = endWith({ window: WINDOW });
  const call = new AnyCall(4);
  begin(new AnyCall(2), 700, 100);
  begin(call, 5000, 100);
  expect(granted()).toEqual([
    [2, 600],
    [4, 4900],
  ]);
  inbox.chunk(call, new Uint8Array(WINDOW), true);
  inbox.chunk(call, new Uint8Array(4900 - WINDOW - 1), true);
  inbox.chunk(call, new Uint8Array(1), false);
  expect(granted()).toEqual([]);
});

test('what is missing beyond what one CREDIT can say is granted once that is used up', () => {
  const { inbox, begin, granted } = endWith({ bytes: 2 ** 40 });
  const call = new AnyCall(2);
  const most = 2 ** 32 - 1;
  begin(call, most + 5000, 1000);
  expect(granted()).toEqual([[2, most]]);
  // As if all but so many bytes of it had come, which take a while.
  const assembly = call.assembly as NonNullable<Call['assembly']>;
  assembly.credit = 2000;
  inbox.chunk(call, new Uint8Array(1999), true);
  expect(granted()).toEqual([]);
  inbox.chunk(call, new Uint8Array(1), true);
  expect(granted()).toEqual([[2, most]]);
});

test('a message of any size crosses with chunks of any sizes, and is granted its rest, no more and no less', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 6000 }),
      fc.nat(100),
      fc.array(fc.integer({ min: 1, max: WINDOW }), { minLength: 1, maxLength: 20 }),
      (total, share, sizes) => {
        const { inbox, begin, granted } = endWith({ window: WINDOW });
        const call = new AnyCall(2);
        const message = Uint8Array.from({ length: total }, (_, i) => (i * 31) % 251);
        let sent = Math.min(share, total - 1);
        let credit = 0;
        const take = (): void => {
          for (const [, bytes] of granted()) credit += bytes;
          expect(credit).toBe(total - sent);
        };
        begin(call, total, sent);
        take();
        for (let i = 0; sent < total; i++) {
          const size = Math.min(sizes[i % sizes.length] as number, credit, total - sent);
          const whole = inbox.chunk(call, message.subarray(sent, sent + size), sent + size < total);
          sent += size;
          credit -= size;
          take();
          expect(whole === undefined).toBe(sent < total);
          if (whole !== undefined) {
            const bytes = whole.value(true, DEFAULT_LIMITS) as Uint8Array;
            const first = Math.min(share, total - 1);
            expect(Buffer.compare(bytes.subarray(first), message.subarray(first))).toBe(0);
          }
        }
        expect(credit).toBe(0);
        expect(call.assembly).toBeUndefined();
      },
    ),
    { numRuns: 120 },
  );
});

test('a chunk for which there is no credit is refused, and one that takes all of it is not', () => {
  const { inbox, begin } = endWith({ window: WINDOW });
  const [whole, longer] = [new AnyCall(2), new AnyCall(4)];
  for (const call of [whole, longer]) {
    begin(call, 5000);
    inbox.chunk(call, new Uint8Array(WINDOW), true);
  }
  expect(inbox.chunk(whole, new Uint8Array(5000 - WINDOW), false)?.missing).toBe(0);
  expect(() => inbox.chunk(longer, new Uint8Array(5000 - WINDOW + 1), true)).toThrow(
    new ProtocolError('a CHUNK for which there was no credit'),
  );
});

test('a message that is over the limit of its kind is refused when it is announced', () => {
  const { begin, granted } = endWith({ window: WINDOW, message: 2000, bytes: 3000 });
  begin(new AnyCall(2), 2000, 0, false);
  begin(new AnyCall(4), 3000, 0, true);
  expect(granted()).toHaveLength(2);
  expect(() => begin(new AnyCall(6), 2001, 0, false)).toThrow(
    'a message of 2001 bytes, where 2000 are taken (limit "message")',
  );
  expect(() => begin(new AnyCall(8), 3001, 0, true)).toThrow(
    'a message of 3001 bytes, where 3000 are taken (limit "bytes")',
  );
  expect(granted()).toEqual([]);
});

test('a message that goes on although its first frame held all of it is refused', () => {
  const { begin } = endWith({});
  for (const [total, first] of [
    [0, 0],
    [10, 10],
    [10, 11],
  ] as const) {
    expect(() => begin(new AnyCall(2), total, first)).toThrow(ProtocolError);
  }
});

test('chunks that come to less or more than was announced are refused', () => {
  for (const [size, more, words] of [
    [99, false, 'ends before'],
    [100, true, 'goes on past'],
    [101, true, 'no credit'],
    [101, false, 'no credit'],
    [0, true, 'empty'],
    [0, false, 'empty'],
  ] as const) {
    const { inbox, begin } = endWith({ window: WINDOW });
    const call = new AnyCall(2);
    begin(call, 200, 100);
    expect(() => inbox.chunk(call, new Uint8Array(size), more)).toThrow(words);
  }
});

test('four messages come at once, and a fifth begins to when one has ended or was dropped', () => {
  const { inbox, begin, granted } = endWith({ window: WINDOW });
  const calls = Array.from({ length: 7 }, (_, i) => new AnyCall(2 * i));
  for (const call of calls) begin(call, 500);
  const [first, second, , , , sixth] = calls as [Call, Call, Call, Call, Call, Call];
  expect(granted().map(([id]) => id)).toEqual([0, 2, 4, 6]);
  expect(inbox.chunk(first, new Uint8Array(500), false)?.missing).toBe(0);
  expect(granted()).toEqual([[8, 500]]);
  // One that waits is dropped: that lets nobody in.
  inbox.drop(sixth);
  expect(granted()).toEqual([]);
  inbox.drop(second);
  expect(granted()).toEqual([[12, 500]]);
});

test('a message that waits may not send a chunk', () => {
  const { inbox, begin } = endWith({ window: WINDOW });
  const calls = Array.from({ length: 5 }, (_, i) => new AnyCall(2 * i));
  for (const call of calls) begin(call, 500);
  expect(() => inbox.chunk(calls[4] as Call, new Uint8Array(1), true)).toThrow('no credit');
});

test('dropping a message twice, or one that never began, lets one in at most', () => {
  const { inbox, begin, granted } = endWith({ window: WINDOW });
  const calls = Array.from({ length: 6 }, (_, i) => new AnyCall(2 * i));
  for (const call of calls) begin(call, 500);
  granted();
  inbox.drop(new AnyCall(20));
  expect(granted()).toEqual([]);
  inbox.drop(calls[0] as Call);
  inbox.drop(calls[0] as Call);
  expect(granted().map(([id]) => id)).toEqual([8]);
});

test('once nothing more will come, none is let on', () => {
  const { inbox, begin, granted } = endWith({ window: WINDOW });
  const calls = Array.from({ length: 6 }, (_, i) => new AnyCall(2 * i));
  for (const call of calls.slice(0, 5)) begin(call, 5000);
  expect(granted().map(([id]) => id)).toEqual([0, 2, 4, 6]);
  inbox.end();
  for (const call of calls.slice(0, 4)) inbox.drop(call);
  begin(calls[5] as AnyCall, 5000);
  expect(granted()).toEqual([]);
});

test('a message that nobody has any more needs no collection of the whole heap', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;
  collect();
  const before = process.memoryUsage().arrayBuffers;
  // So few that V8 begins no collection by itself.
  const { inbox, begin } = endWith({});
  for (let id = 0; id < 20; id++) {
    const call = new AnyCall(2 * id);
    begin(call, 100_000);
    inbox.chunk(call, Buffer.alloc(1000), true);
    inbox.drop(call);
  }
  // What is swept meanwhile is counted by the next one.
  for (let i = 0; i < 3; i++) {
    collect({ type: 'minor' });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
});
