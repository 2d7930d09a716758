import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RpcError } from '../error/rpc-error.ts';
import { decodeBody } from '../wire/body.ts';
import { FLAG, FRAME } from '../wire/frame.ts';
import { decodeItems } from '../wire/items.ts';
import { DEFAULT_LIMITS, type Limits } from '../wire/limits.ts';
import type { IncomingCall } from './call.ts';
import type { Outflow } from './outflow.ts';
import { type Asked, alone, type End } from './test-by-hand.ts';
import { u64 } from './test-frames.ts';
import {
  chunkFrame,
  creditFrame,
  frame,
  inShort,
  METHODS,
  packed,
  type Sent,
  says,
  u16,
} from './test-stream-frames.ts';
import { Feeder } from './test-streams.ts';

const SMALL: Partial<Limits> = { chunk: 1024, window: 1024 };

/** What an item of so many bytes costs. */
const cost = (bytes: number): number => 64 + bytes;

/** A text that is so many bytes long as a body. */
function text(bytes: number): string {
  return 'x'.repeat(bytes < 33 ? bytes - 1 : bytes < 66 ? bytes - 2 : bytes < 258 ? bytes - 2 : bytes - 3);
}

/** An end that has begun a call whose input is a stream. */
function uploading(remote: Partial<Limits> = SMALL): { end: End; call: Asked; outflow: Outflow } {
  const end = alone({ role: 'dialer', remote });
  const call = end.ask('clientStream');
  end.sent();
  return { end, call, outflow: call.outflow as Outflow };
}

/** An end that has taken a call whose output is a stream. */
function serving(remote: Partial<Limits> = SMALL): { end: End; request: IncomingCall<string>; outflow: Outflow } {
  const end = alone({ remote });
  end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(1), 5]));
  const request = end.request(0);
  end.sent();
  return { end, request, outflow: request.outflow as Outflow };
}

/** What is compared in no time, as long items are not. */
function asText(item: unknown): string {
  return item instanceof Uint8Array ? Buffer.from(item).toString('latin1') : String(item);
}

/** The items in some frames, in order. */
function itemsOf(sent: readonly Sent[]): unknown[] {
  const items: unknown[] = [];
  let parts: Buffer[] | undefined;
  let raw = false;
  for (const { type, flags, payload } of sent) {
    const more = (flags & FLAG.MORE) !== 0;
    if (type === FRAME.ITEMS) items.push(...decodeItems(payload, 0, payload.length, DEFAULT_LIMITS));
    else if (type === FRAME.ITEM) {
      raw = (flags & FLAG.RAW) !== 0;
      parts = [payload.subarray(more ? 8 : 0)];
    } else if (type === FRAME.CHUNK) parts?.push(payload);
    else continue;
    if (parts === undefined || more) continue;
    const body = Buffer.concat(parts);
    items.push(decodeBody(body, 0, body.length, raw, DEFAULT_LIMITS));
    parts = undefined;
  }
  return items;
}

describe('the items of one tick', () => {
  test('share a frame, in the order in which they were added', () => {
    const { end, outflow } = uploading();
    const items = ['a', 1, null, undefined, { b: [2] }, 'é', new Date(5), 2n ** 70n, true];
    for (const item of items) outflow.add(item);
    const sent = end.sent();
    expect(sent.map(inShort)).toHaveLength(1);
    expect(sent.map(({ type, flags, call }) => [type, flags, call])).toEqual([[FRAME.ITEMS, 0, 0]]);
    expect(itemsOf(sent)).toEqual(items);
  });

  test('are written as the shortest array that holds them', () => {
    for (const [count, head] of [
      [1, '91'],
      [15, '9f'],
      [16, 'dc0010'],
      [300, 'dc012c'],
    ] as const) {
      const { end, outflow } = serving({ window: 100_000 });
      for (let i = 0; i < count; i++) outflow.add(7);
      const [sent] = end.sent();
      expect(sent?.payload.toString('hex')).toBe(head + '07'.repeat(count));
    }
  });

  test('are encoded as they are added, so that their owner may change them', () => {
    const { end, outflow } = uploading();
    const item = { n: 1 };
    for (; item.n < 4; item.n++) outflow.add(item);
    expect(itemsOf(end.sent())).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });

  test('leave in the frame of their own tick, and not with those of the next', () => {
    const { end, outflow } = uploading();
    outflow.add(1);
    outflow.add(2);
    expect(end.leaves()).toEqual(['ITEMS 0 3']);
    outflow.add(3);
    expect(end.leaves()).toEqual(['ITEMS 0 2']);
    expect(end.leaves()).toEqual([]);
  });

  test('are sent before there are too many, and there is room again then', () => {
    const { end, outflow } = uploading({ window: 2 ** 22, chunk: 2 ** 17 });
    let rooms = 0;
    outflow.onRoom = () => rooms++;
    const feeder = new Feeder(outflow, new Array(200).fill(text(1000)));
    while (feeder.feed()) {
      const sent = end.sent();
      expect(sent.map(({ type }) => type)).toEqual([FRAME.ITEMS]);
      expect(sent[0]?.payload.length).toBeLessThan(34_000);
    }
    expect(feeder.fed).toBe(200);
    expect(rooms).toBe(7);
  });

  test('fill a frame to its last byte and no further', () => {
    for (const bytes of [1014, 1015, 1016, 1018, 1019, 1020, 1023, 1024, 1025]) {
      const { end, outflow } = uploading({ chunk: 1024, window: 100_000 });
      outflow.add(5);
      outflow.add(text(bytes));
      const sent = end.sent();
      for (const { payload } of sent) expect(payload.length).toBeLessThanOrEqual(1024);
      expect(itemsOf(sent)).toEqual([5, text(bytes)]);
    }
  });
});

describe('an item', () => {
  test('that is a Uint8Array goes in a frame of its own as it is, and keeps its place', () => {
    const { end, outflow } = uploading();
    const bytes = [new Uint8Array([1, 2]), new Uint8Array(0), Buffer.from('abc')];
    outflow.add('before');
    outflow.add(bytes[0]);
    expect(outflow.roomy).toBe(false);
    const sent = end.sent();
    for (const item of [bytes[1], bytes[2], 'after']) {
      expect(outflow.roomy).toBe(true);
      outflow.add(item);
      sent.push(...end.sent());
    }
    expect(sent.map((one) => `${inShort(one)} ${one.flags}`)).toEqual([
      'ITEMS 0 8 0',
      `ITEM 0 2 ${FLAG.RAW}`,
      `ITEM 0 0 ${FLAG.RAW}`,
      `ITEM 0 3 ${FLAG.RAW}`,
      'ITEMS 0 7 0',
    ]);
    expect(itemsOf(sent)).toEqual(['before', bytes[0], bytes[1], new Uint8Array([97, 98, 99]), 'after']);
  });

  test('that holds a Uint8Array is an item like others', () => {
    const { end, outflow } = uploading();
    outflow.add({ bytes: new Uint8Array([1]) });
    expect(itemsOf(end.sent())).toEqual([{ bytes: new Uint8Array([1]) }]);
  });

  test('that cannot be sent is refused alone, and the stream goes on', () => {
    const { end, outflow } = uploading({ ...SMALL, message: 2000, bytes: 3000, depth: 4, values: 16 });
    outflow.add('first');
    for (const [item, code] of [
      [() => 1, 'INVALID_ARGUMENT'],
      ['\ud800', 'INVALID_ARGUMENT'],
      [`${'x'.repeat(100)}\ud800`, 'INVALID_ARGUMENT'],
      [text(2001), 'RESOURCE_EXHAUSTED'],
      [new Uint8Array(3001), 'RESOURCE_EXHAUSTED'],
      [[[[[[1]]]]], 'RESOURCE_EXHAUSTED'],
      [new Array(16).fill(0), 'RESOURCE_EXHAUSTED'],
    ] as const) {
      expect(() => outflow.add(item)).toThrow(expect.objectContaining({ code, execution: 'not-sent' }));
      expect(outflow.roomy).toBe(true);
    }
    outflow.add('second');
    expect(itemsOf(end.sent())).toEqual(['first', 'second']);
  });

  test('may be as deep and of as many values as a message, next to others that are', () => {
    const { end, outflow } = uploading({ ...SMALL, window: 10_000, depth: 4, values: 16 });
    const items = [[[[[]]]], new Array(15).fill(0), [[[[]]]], new Array(15).fill(1)];
    for (const item of items) outflow.add(item);
    expect(itemsOf(end.sent())).toEqual(items);
  });

  test('that is given up by its own getter is not sent', () => {
    const { end, call, outflow } = uploading();
    outflow.add({
      get n() {
        if (!outflow.over) end.cancel(call);
        return 1;
      },
    });
    expect(end.leaves()).toEqual(['CANCEL 0 1']);
  });
});

describe('a getter of an item', () => {
  test('that gives up its own stream and adds to another one spoils nothing there', () => {
    const { end, call, outflow } = uploading();
    const other = end.ask('clientStream');
    end.sent();
    outflow.add('first');
    outflow.add({
      a: 'x'.repeat(50),
      get b() {
        if (outflow.over) return 1;
        end.cancel(call);
        other.outflow?.add('y'.repeat(300));
        return 'z'.repeat(60);
      },
      c: 'x'.repeat(50),
    });
    other.outflow?.add('last');
    const sent = end.sent();
    expect(sent.map(({ type, call }) => [type, call])).toEqual([
      [FRAME.CANCEL, 0],
      [FRAME.ITEMS, 2],
    ]);
    expect(itemsOf(sent)).toEqual(['y'.repeat(300), 'last']);
  });
});

describe('streams that wait', () => {
  test('hold no memory besides what waits', () => {
    const end = alone({ role: 'dialer', remote: { ...SMALL, calls: 400 } });
    const before = process.memoryUsage().arrayBuffers;
    const bytes = new Uint8Array(900);
    for (let i = 0; i < 400; i++) {
      const { outflow } = end.ask('clientStream');
      outflow?.add(i);
      end.sent();
      for (const item of [bytes, 10n ** 400n, bytes]) {
        try {
          if (outflow?.roomy) outflow.add(item);
        } catch {
          // It cannot be sent, and leaves nothing behind.
        }
        end.sent();
      }
    }
    // A buffer for each would be 25 MB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8_000_000);
  });
});

describe('credit', () => {
  test('is the window of the receiver at first, and small items stop where they cannot be paid', () => {
    for (const window of [1024, 1025, 1100, 2000, 5000]) {
      const { end, outflow } = uploading({ chunk: 1024, window });
      const feeder = new Feeder(outflow, new Array(200).fill(7));
      const sent: Sent[] = [];
      while (feeder.feed()) sent.push(...end.sent());
      const spent = sent.reduce((sum, { payload }) => sum + payload.length, 0) + 64 * feeder.fed;
      expect(spent).toBeLessThanOrEqual(window);
      // Another one, with the few bytes that an array may need, would be too much.
      expect(spent + cost(1) + 5).toBeGreaterThan(window);
    }
  });

  test('of exactly what an item costs is enough for it, and of one byte less is not', () => {
    for (const [missing, leaving] of [
      [0, ['ITEM 0 400']],
      [1, []],
    ] as const) {
      const { end, outflow } = uploading();
      outflow.add(new Uint8Array(1024 - 64 - cost(400) + missing));
      expect(end.leaves()).toHaveLength(1);
      expect(outflow.roomy).toBe(true);
      outflow.add(new Uint8Array(400));
      expect(end.leaves()).toEqual(leaving);
    }
  });

  test('lets several batches be on their way', () => {
    const { end, outflow } = uploading();
    for (let i = 0; i < 5; i++) {
      outflow.add(i);
      expect(end.leaves()).toEqual(['ITEMS 0 2']);
    }
  });

  test('that comes lets what waits go on, as far as it reaches', () => {
    const { end, outflow } = uploading();
    let rooms = 0;
    outflow.onRoom = () => rooms++;
    outflow.add(new Uint8Array(3000));
    expect(end.leaves()).toEqual(['ITEM+ 0 968']);
    for (const credit of [1, 500, 0, 499]) end.receive(creditFrame(0, credit));
    expect(end.leaves()).toEqual(['CHUNK+ 0 1000']);
    for (const credit of [1, 2]) {
      end.receive(creditFrame(0, credit));
      expect(end.leaves()).toEqual([`CHUNK+ 0 ${credit}`]);
    }
    expect([outflow.roomy, rooms]).toEqual([false, 0]);
    end.receive(creditFrame(0, 5000));
    expect(end.leaves()).toEqual(['CHUNK+ 0 1024', 'CHUNK 0 13']);
    expect([outflow.roomy, rooms]).toEqual([true, 1]);
  });

  test('that comes is told to who waits for room, also where nothing waits to leave', () => {
    const { end, call, outflow } = uploading();
    let rooms = 0;
    outflow.onRoom = () => rooms++;
    outflow.add(new Uint8Array(1024 - 64 - 60));
    end.sent();
    expect([outflow.roomy, rooms]).toEqual([false, 0]);
    end.receive(creditFrame(0, 500));
    expect([outflow.roomy, rooms]).toEqual([true, 1]);
    end.end(call);
    end.receive(creditFrame(0, 500));
    expect(rooms).toBe(1);
  });

  test('that comes for a stream that is given up is told to nobody', () => {
    const { end, outflow } = serving();
    outflow.add(new Uint8Array(3000));
    end.sent();
    let rooms = 0;
    outflow.onRoom = () => rooms++;
    end.receive(frame(FRAME.CANCEL, 0, [1]));
    expect(rooms).toBe(1);
    end.receive(creditFrame(0, 500));
    expect([rooms, end.leaves()]).toEqual([1, []]);
  });

  test('of nothing, or of more than all that is sent, does no harm', () => {
    const { end, outflow } = uploading();
    for (let i = 0; i < 5; i++) end.receive(creditFrame(0, 0xffff_ffff), creditFrame(0, 0));
    expect(end.leaves()).toEqual([]);
    outflow.add(new Uint8Array(3000));
    expect(end.leaves()).toEqual(['ITEM+ 0 1024', 'CHUNK+ 0 1024', 'CHUNK 0 960']);
  });

  test('for an item that costs half of the window at most is waited for, and for a longer one is not', () => {
    for (const [bytes, leaving] of [
      [512 - 64, []],
      [512 - 63, ['ITEM+ 0 108']],
    ] as const) {
      const { end, outflow } = uploading();
      outflow.add(new Uint8Array(1024 - 64 - 64 - 100));
      end.sent();
      outflow.add(new Uint8Array(bytes));
      expect(end.leaves()).toEqual(leaving);
      end.receive(creditFrame(0, 500));
      expect(end.leaves()).toEqual([leaving.length === 0 ? `ITEM 0 ${bytes}` : `CHUNK 0 ${bytes - 100}`]);
    }
  });

  test('for an item that does not fit a frame is not waited for', () => {
    const { end, outflow } = uploading({ chunk: 1024, window: 10_000 });
    outflow.add(new Uint8Array(1024));
    expect(end.leaves()).toEqual(['ITEM 0 1024']);
    outflow.add(new Uint8Array(10_000 - 64 - 1024 - 64 - 200 - 64 - 8));
    end.sent();
    outflow.add(new Uint8Array(1025));
    expect(end.leaves()).toEqual(['ITEM+ 0 216']);
  });

  test('of 64 bytes or less lets no item in', () => {
    for (const [left, roomy] of [
      [64, false],
      [65, true],
    ] as const) {
      const { end, outflow } = uploading();
      outflow.add(new Uint8Array(1024 - 64 - left));
      end.sent();
      expect(outflow.roomy).toBe(roomy);
      if (!roomy) continue;
      outflow.add(new Uint8Array(1));
      expect(end.leaves()).toEqual(['ITEM 0 1']);
    }
  });

  test('with one byte for the body lets a long item begin', () => {
    const { end, outflow } = uploading();
    outflow.add(new Uint8Array(1024 - 64 - 65));
    end.sent();
    outflow.add(new Uint8Array(900));
    expect(end.leaves()).toEqual(['ITEM+ 0 9']);
  });

  test('of one stream is not that of another', () => {
    const { end, call } = uploading();
    const other = end.ask('clientStream');
    end.sent();
    call.outflow?.add(new Uint8Array(2000));
    other.outflow?.add(new Uint8Array(2000));
    expect(end.leaves()).toEqual(['ITEM+ 0 968', 'ITEM+ 2 968']);
    end.receive(creditFrame(2, 5000));
    expect(end.leaves()).toEqual(['CHUNK+ 2 1024', 'CHUNK 2 16']);
  });

  test('is never exceeded, and all items arrive in order, whatever they are and however it comes', () => {
    const size = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 400, max: 1100 }), fc.nat(5000));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(size, fc.boolean()), { maxLength: 25 }),
        fc.integer({ min: 1024, max: 3000 }),
        fc.integer({ min: 1024, max: 3000 }),
        fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 10 }),
        (sizes, chunk, window, credits) => {
          const { end, outflow, call } = uploading({ chunk, window });
          const items = sizes.map(([n, raw], i) => (raw ? new Uint8Array(n).fill(i) : `${i} `.repeat(n / 2)));
          const feeder = new Feeder(outflow, items, () => end.end(call));
          const sent: Sent[] = [];
          let account = window;
          for (let i = 0; call.sending !== 3; i++) {
            feeder.feed();
            for (const one of end.sent()) {
              const more = (one.flags & FLAG.MORE) !== 0;
              account -= one.payload.length;
              if (one.type === FRAME.ITEM) account -= more ? 64 - 8 : 64;
              if (one.type === FRAME.ITEMS) account -= 64 * itemsOf([one]).length;
              expect(account).toBeGreaterThanOrEqual(0);
              expect(one.payload.length).toBeLessThanOrEqual(chunk);
              sent.push(one);
            }
            const credit = (credits[i % credits.length] as number) + 1;
            account += credit;
            end.receive(creditFrame(0, credit));
          }
          sent.push(...end.sent());
          expect(sent.at(-1)?.type).toBe(FRAME.END);
          expect(itemsOf(sent).map(asText)).toEqual(items.map(asText));
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('a long item', () => {
  test('goes in frames that are filled, with its length before the first of its bytes', () => {
    for (const [bytes, frames] of [
      [1023, ['ITEM 0 1023']],
      [1024, ['ITEM 0 1024']],
      [1025, ['ITEM+ 0 1024', 'CHUNK 0 9']],
      [2040, ['ITEM+ 0 1024', 'CHUNK 0 1024']],
      [2041, ['ITEM+ 0 1024', 'CHUNK+ 0 1024', 'CHUNK 0 1']],
    ] as const) {
      const { end, outflow } = serving({ chunk: 1024, window: 10_000 });
      const item = Uint8Array.from({ length: bytes }, (_, i) => i);
      outflow.add(item);
      const sent = end.sent();
      expect(sent.map(inShort)).toEqual(frames);
      if (frames.length > 1) expect(sent[0]?.payload.subarray(0, 8)).toEqual(u64(bytes));
      expect(itemsOf(sent)).toEqual([item]);
    }
  });

  test('that is no Uint8Array is msgpack all along', () => {
    const { end, outflow } = uploading({ chunk: 1024, window: 10_000 });
    const item = { text: 'é'.repeat(2000) };
    outflow.add(item);
    const sent = end.sent();
    expect(sent.map(({ flags }) => flags & FLAG.RAW)).toEqual([0, 0, 0, 0]);
    expect(itemsOf(sent)).toEqual([item]);
  });

  test('takes its turn with the frames of others', () => {
    const { end, outflow } = uploading({ chunk: 1024, window: 10_000 });
    const other = end.ask('clientStream');
    outflow.add(new Uint8Array(3000));
    other.outflow?.add(new Uint8Array(3000));
    end.ask('unary', 'hello');
    expect(end.leaves()).toEqual([
      'REQUEST 2 2',
      'METHOD 11',
      'REQUEST 4 8',
      'ITEM+ 0 1024',
      'ITEM+ 2 1024',
      'CHUNK+ 0 1024',
      'CHUNK+ 2 1024',
      'CHUNK 0 960',
      'CHUNK 2 960',
    ]);
  });
});

describe('streams of which several end at once', () => {
  test('end behind their last items, however much that is', () => {
    const bytes = fc.constantFrom(1, 1000, 20_000, 32_000, 33_000, 50_000, 60_000, 65_000, 70_000, 130_000);
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 2, maxLength: 5 }), fc.boolean(), (sizes, raw) => {
        const end = alone({ role: 'dialer' });
        const calls = sizes.map(() => end.ask('clientStream'));
        end.sent();
        for (const [i, call] of calls.entries()) {
          call.outflow?.add(raw ? new Uint8Array(sizes[i] as number) : text(sizes[i] as number));
          end.end(call);
        }
        const sent = end.sent();
        for (const { id } of calls) {
          const own = sent.filter(({ call }) => call === id).map(({ type }) => type);
          expect(own.indexOf(FRAME.END)).toBe(own.length - 1);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('end behind their last items also at the end that answers', () => {
    const end = alone();
    end.receive(METHODS, ...[0, 2, 4].map((id) => frame(FRAME.REQUEST, id, [u16(1), 5])));
    end.sent();
    for (const request of end.requests) {
      request.outflow?.add(new Uint8Array(50_000));
      if (request.id === 2) end.fail(request, new RpcError('ABORTED', 'No.'));
      else end.answer(request);
    }
    const sent = end.sent().map(({ type, call }) => [call, type]);
    for (const [id, last] of [
      [0, FRAME.ANSWER],
      [2, FRAME.ERROR],
      [4, FRAME.ANSWER],
    ]) {
      expect(sent.filter(([call]) => call === id)).toEqual([
        [id, FRAME.ITEM],
        [id, last],
      ]);
    }
  });
});

describe('the end of a stream', () => {
  test('comes behind all items, and at once where there are none', () => {
    const { end, call, outflow } = uploading();
    end.end(call);
    expect([outflow.roomy, outflow.over]).toEqual([false, true]);
    expect(end.leaves()).toEqual(['END 0 0']);
    const next = uploading();
    next.outflow.add(1);
    next.end.end(next.call);
    expect(next.end.leaves()).toEqual(['ITEMS 0 2', 'END 0 0']);
  });

  test.each([
    [
      'END',
      (): readonly [End, Outflow, () => void] => {
        const { end, call, outflow } = uploading();
        return [end, outflow, () => end.end(call)];
      },
    ],
    [
      'ANSWER',
      (): readonly [End, Outflow, () => void] => {
        const { end, request, outflow } = serving();
        return [end, outflow, () => end.answer(request)];
      },
    ],
    [
      'ERROR',
      (): readonly [End, Outflow, () => void] => {
        const { end, request, outflow } = serving();
        return [end, outflow, () => end.fail(request, new RpcError('NOT_FOUND', 'No.'))];
      },
    ],
  ])('by %s waits for the credit of the items before it, and comes once', (name, make) => {
    const [end, outflow, finish] = make();
    outflow.add('first');
    outflow.add(new Uint8Array(3000));
    finish();
    finish();
    const short = (): string[] => end.sent().map((sent) => inShort(sent).split(' ')[0] as string);
    expect(short()).toEqual(['ITEMS', 'ITEM+']);
    end.receive(creditFrame(0, 1000));
    expect(short()).toEqual(['CHUNK+']);
    end.receive(creditFrame(0, 5000));
    expect(short()).toEqual(['CHUNK+', 'CHUNK', name]);
    finish();
    end.receive(creditFrame(0, 5000));
    expect(short()).toEqual([]);
  });

  test('carries no answer: what a handler gives besides is not sent', () => {
    const { end, request } = serving();
    end.answer(request, 'value');
    const [sent] = end.sent();
    expect([inShort(sent as Sent), sent?.flags]).toEqual(['ANSWER 0 0', 0]);
    expect(end.open).toEqual([0, 0]);
  });

  test('is the first word that is said: an error behind an answer is not sent, nor an answer behind an error', () => {
    const { end, request, outflow } = serving();
    outflow.add(new Uint8Array(2000));
    end.answer(request);
    end.fail(request, new RpcError('ABORTED', 'Late.'));
    end.receive(creditFrame(0, 5000));
    expect(end.leaves().at(-1)).toBe('ANSWER 0 0');
    const failing = serving();
    failing.end.fail(failing.request, new RpcError('ABORTED', 'First.'));
    failing.end.answer(failing.request);
    expect(failing.end.sent().map(says)).toMatchObject([{ code: 10, message: 'First.' }]);
  });

  test('waits while too much else waits, and its call keeps its slot until then', () => {
    for (const error of [undefined, new RpcError('ABORTED', 'No.')]) {
      const { end, request } = serving({});
      while (end.connection.canCall) end.ask('unary', new Uint8Array(60_000));
      if (error === undefined) end.answer(request);
      else end.fail(request, error);
      expect(end.open[1]).toBe(1);
      const own = end.sent().filter(({ call, type }) => call === 0 && type >= FRAME.REQUEST);
      expect(own.map(({ type }) => type)).toEqual([error === undefined ? FRAME.ANSWER : FRAME.ERROR]);
      expect(end.open[1]).toBe(0);
    }
  });

  test('that waits so is an ERROR where its caller cancels meanwhile', () => {
    const { end, request } = serving({});
    while (end.connection.canCall) end.ask('unary', new Uint8Array(60_000));
    end.answer(request);
    end.receive(frame(FRAME.CANCEL, 0, [4]));
    const own = end.sent().filter(({ call, type }) => call === 0 && type >= FRAME.REQUEST);
    // The ANSWER was on its way: either is right, but only one of them.
    expect(own).toHaveLength(1);
    expect([end.open[1], end.told]).toEqual([0, ['request 0']]);
  });
});

describe('a STOP', () => {
  test('drops the items that have not left, and ends the input at once', () => {
    const { end, call, outflow } = uploading();
    outflow.add(1);
    outflow.add(2);
    end.receive(frame(FRAME.STOP, 0));
    expect([call.stops, outflow.over, outflow.roomy]).toEqual([1, true, false]);
    expect(end.leaves()).toEqual(['END 0 0']);
    expect(call.outcome).toBe('none');
  });

  test('drops a long item that has not begun to leave', () => {
    const { end, outflow } = uploading();
    outflow.add(new Uint8Array(940));
    end.sent();
    outflow.add(new Uint8Array(5000));
    expect(end.leaves()).toEqual([]);
    end.receive(frame(FRAME.STOP, 0));
    expect(end.leaves()).toEqual(['END 0 0']);
  });

  test('lets a long item that is under way come to its end, as its credit comes, and nothing behind it', () => {
    const { end, call, outflow } = uploading();
    outflow.add(new Uint8Array(3000));
    end.sent();
    end.receive(frame(FRAME.STOP, 0));
    expect([end.leaves(), call.stops]).toEqual([[], 1]);
    end.receive(creditFrame(0, 2000));
    expect(end.leaves()).toEqual(['CHUNK+ 0 1024', 'CHUNK+ 0 976']);
    end.receive(frame(FRAME.STOP, 0), creditFrame(0, 2000));
    expect(end.leaves()).toEqual(['CHUNK 0 40', 'END 0 0']);
    end.end(call);
    expect(end.leaves()).toEqual([]);
  });

  test('ends an input that is ending already, once', () => {
    const { end, call, outflow } = uploading();
    outflow.add(new Uint8Array(3000));
    end.sent();
    end.end(call);
    end.receive(frame(FRAME.STOP, 0), creditFrame(0, 5000));
    expect(end.leaves()).toEqual(['CHUNK+ 0 1024', 'CHUNK 0 1016', 'END 0 0']);
  });

  test('that crosses the END is ignored', () => {
    const { end, call } = uploading();
    end.end(call);
    end.receive(frame(FRAME.STOP, 0));
    expect([end.leaves(), call.stops, end.closed]).toEqual([['END 0 0'], 0, []]);
    end.receive(frame(FRAME.ANSWER, 0, [7]));
    expect(call.outcomes).toEqual([{ value: 7 }]);
  });

  test('for a slot that is free is ignored', () => {
    const { end, call } = uploading();
    end.end(call);
    end.receive(frame(FRAME.ANSWER, 0, [7]), frame(FRAME.STOP, 0), frame(FRAME.STOP, 400));
    expect(end.closed).toEqual([]);
  });

  test('of a call whose input is one message breaks the protocol', () => {
    for (const kind of ['unary', 'serverStream'] as const) {
      const end = alone({ role: 'dialer' });
      end.ask(kind, 1);
      end.receive(frame(FRAME.STOP, 0));
      expect(end.closed[0]?.message).toContain('STOP for the call 0, whose input is one message');
    }
  });
});

describe('a call that its caller cancels', () => {
  test('sends nothing more of its input, wherever that stands', () => {
    for (const [before, ...put] of [
      [[]],
      [[], 'waits'],
      [['ITEMS 0 6'], 'left', 0],
      [['ITEM+ 0 968'], new Uint8Array(3000), 0],
      [[], new Uint8Array(3000)],
    ] as const) {
      const { end, call, outflow } = uploading();
      if (put.length > 0) outflow.add(put[0]);
      expect(put.length < 2 ? [] : end.leaves()).toEqual(before);
      end.cancel(call);
      expect([outflow.over, outflow.roomy, call.stops]).toEqual([true, false, 1]);
      expect(end.leaves()).toEqual(['CANCEL 0 1']);
      end.receive(creditFrame(0, 5000));
      end.end(call);
      expect(end.leaves()).toEqual([]);
    }
  });

  test('says so with the code, also behind its END, and keeps its slot until the other half is closed', () => {
    const { end, call } = uploading();
    end.end(call);
    end.cancel(call, 'DEADLINE_EXCEEDED');
    const sent = end.sent();
    expect(sent.map(inShort)).toEqual(['END 0 0', 'CANCEL 0 1']);
    expect(sent[1]?.payload[0]).toBe(4);
    expect(end.open).toEqual([1, 0]);
    expect(end.ask('clientStream').id).toBe(2);
    end.receive(frame(FRAME.ERROR, 0, [packed({ code: 4, message: 'Late.' })]));
    expect(call.outcome).toBe('DEADLINE_EXCEEDED unknown');
    expect(end.ask('clientStream').id).toBe(0);
  });

  test('has room told to whoever waits for it, so that he finds that it is over', () => {
    const { end, call, outflow } = uploading();
    outflow.add(new Uint8Array(3000));
    end.sent();
    let rooms = 0;
    outflow.onRoom = () => rooms++;
    end.cancel(call);
    expect(rooms).toBe(1);
  });
});

describe('a stream whose caller has cancelled', () => {
  const cancel = frame(FRAME.CANCEL, 0, [1]);

  test('sends nothing more, and ends with that code once its handler has returned', () => {
    for (const put of [undefined, 'waits', new Uint8Array(3000)]) {
      for (const leaves of [false, true]) {
        for (const ending of ['answer', 'fail'] as const) {
          const { end, request, outflow } = serving();
          if (put !== undefined) outflow.add(put);
          if (leaves) end.sent();
          end.receive(cancel);
          expect(end.told).toEqual(['request 0', 'cancelled 0 CANCELLED']);
          expect([outflow.over, outflow.roomy, end.leaves(), end.open]).toEqual([true, false, [], [0, 1]]);
          if (ending === 'answer') end.answer(request);
          else end.fail(request, new RpcError('INTERNAL', 'Its words.'));
          const sent = end.sent();
          expect(sent.map(({ type }) => type)).toEqual([FRAME.ERROR]);
          expect(says(sent[0])).toMatchObject({ code: 1, ran: true });
          expect(end.open).toEqual([0, 0]);
        }
      }
    }
  });

  test('ends at once where its handler is done and items still wait', () => {
    for (const ending of ['answer', 'fail'] as const) {
      const { end, request, outflow } = serving();
      outflow.add(new Uint8Array(3000));
      end.sent();
      if (ending === 'answer') end.answer(request);
      else end.fail(request, new RpcError('INTERNAL', 'Its words.'));
      expect(end.leaves()).toEqual([]);
      end.receive(frame(FRAME.CANCEL, 0, [4]));
      const sent = end.sent();
      expect(sent.map(({ type }) => type)).toEqual([FRAME.ERROR]);
      expect(says(sent[0]).code).toBe(4);
      expect([end.told, end.open]).toEqual([['request 0'], [0, 0]]);
    }
  });

  test('says it once, and hears it once', () => {
    const { end, request } = serving();
    end.receive(cancel, frame(FRAME.CANCEL, 0, [4]), cancel);
    expect(end.told).toEqual(['request 0', 'cancelled 0 CANCELLED']);
    end.answer(request);
    end.fail(request, new RpcError('INTERNAL', 'Again.'));
    expect(end.sent().map(says)).toMatchObject([{ code: 1 }]);
    end.receive(cancel, frame(FRAME.REQUEST, 0, [u16(1), 5]));
    expect([end.closed, end.told.at(-1)]).toEqual([[], 'request 0']);
  });

  test('is over where the ANSWER had left before', () => {
    const { end, request } = serving();
    end.answer(request);
    end.receive(cancel);
    expect([end.leaves(), end.told, end.closed]).toEqual([['ANSWER 0 0'], ['request 0'], []]);
  });
});

describe('an answer before the input has ended', () => {
  const endings: readonly (readonly [string, Buffer, string])[] = [
    ['an ANSWER', frame(FRAME.ANSWER, 0, [7]), 'answered'],
    ['an ERROR', frame(FRAME.ERROR, 0, [packed({ code: 10, message: 'No.' })]), 'ABORTED unknown'],
  ];

  test.each(endings)('that is %s ends the input by CANCEL, and its slot is free at once', (_, ending, outcome) => {
    for (const put of [undefined, 'waits', new Uint8Array(3000)]) {
      const { end, call, outflow } = uploading();
      if (put !== undefined) outflow.add(put);
      if (put instanceof Uint8Array) end.sent();
      let next: Asked | undefined;
      call.onOver = () => {
        next = end.ask('clientStream');
      };
      end.receive(ending);
      expect([call.outcome, call.stops, outflow.over]).toEqual([outcome, 1, true]);
      expect(end.leaves()).toEqual(['CANCEL 0 1', 'REQUEST 0 2']);
      expect(end.open).toEqual([1, 0]);
      // The stream before is over: what it does reaches nobody, and the new one has an account of its own.
      end.end(call);
      end.cancel(call);
      outflow.onRoom();
      next?.outflow?.add(new Uint8Array(3000));
      expect(end.leaves()).toEqual(['ITEM+ 0 968']);
    }
  });

  test.each(endings)('that is %s behind the END needs no CANCEL', (_, ending, outcome) => {
    const { end, call } = uploading();
    end.end(call);
    end.sent();
    end.receive(ending);
    expect([end.leaves(), call.outcome, end.open]).toEqual([[], outcome, [0, 0]]);
  });

  test('which is long lets the input go on until its last chunk', () => {
    const { end, call, outflow } = uploading();
    end.receive(frame(FRAME.ANSWER, 0, [u64(2000), new Uint8Array(1000)], FLAG.MORE | FLAG.RAW));
    expect(end.leaves()).toEqual(['CREDIT 0 1000']);
    outflow.add('more');
    expect(end.leaves()).toEqual(['ITEMS 0 6']);
    end.receive(chunkFrame(0, 1000, false));
    expect(call.outcomes).toEqual([{ value: new Uint8Array(2000) }]);
    expect(end.leaves()).toEqual(['CANCEL 0 1']);
  });

  test('to a call both of whose halves are streams does the same', () => {
    const end = alone({ role: 'dialer', remote: SMALL });
    const call = end.ask('duplex');
    call.outflow?.add('waits');
    end.receive(frame(FRAME.ANSWER, 0));
    expect(call.outcomes).toEqual([{ value: undefined }]);
    expect(end.leaves().slice(1)).toEqual(['REQUEST 0 2', 'CANCEL 0 1']);
  });
});

describe('when the other end has ended its side', () => {
  test('all that it asked for is sent without credit, to the last item', () => {
    const { end, request, outflow } = serving();
    const items = [new Uint8Array(5000).fill(3), 'x'.repeat(3000), ...new Array(50).fill('y'.repeat(100))];
    const feeder = new Feeder(outflow, items, () => end.answer(request));
    const sent: Sent[] = [];
    feeder.feed();
    sent.push(...end.sent());
    end.connection.ended();
    do sent.push(...end.sent());
    while (feeder.feed());
    sent.push(...end.sent());
    expect(itemsOf(sent)).toEqual(items);
    for (const { payload } of sent) expect(payload.length).toBeLessThanOrEqual(1024);
    expect(sent.at(-1)?.type).toBe(FRAME.ANSWER);
    expect([end.told, end.open, end.connection.finished]).toEqual([['request 0', 'draining'], [0, 0], true]);
  });

  test('also where its items came only after that', () => {
    const { end, request, outflow } = serving();
    end.receive(frame(FRAME.REQUEST, 2, [u16(1), 5]));
    end.connection.ended();
    expect(end.leaves()).toEqual(['PING 8']);
    outflow.add(new Uint8Array(5000));
    expect(end.leaves()).toHaveLength(5);
    end.answer(request);
    end.answer(end.request(2));
    expect([end.leaves(), end.connection.finished]).toEqual([['ANSWER 0 0', 'ANSWER 2 0'], true]);
  });

  test('a long answer that comes after that needs no credit either', () => {
    const end = alone({ remote: SMALL });
    end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(2)]));
    end.connection.ended();
    end.answer(end.request(0), new Uint8Array(3000));
    expect(end.leaves()).toEqual(['PING 8', 'ANSWER+ 0 1024', 'CHUNK+ 0 1024', 'CHUNK 0 960']);
    expect([end.open, end.connection.finished]).toEqual([[0, 0], true]);
  });

  test('the streams of this end are cancelled, whatever they were about to send', () => {
    for (const put of ['waits', new Uint8Array(3000)]) {
      const { end, call, outflow } = uploading();
      outflow.add(put);
      end.connection.ended();
      expect([call.outcome, call.stops, outflow.over]).toEqual(['UNAVAILABLE unknown', 1, true]);
      expect(end.leaves()).toEqual(['CANCEL 0 1']);
    }
  });
});

describe('when the connection is over', () => {
  test('a stream that goes out takes and sends nothing more', () => {
    for (const make of [uploading, serving]) {
      const { end, outflow } = make();
      outflow.add(new Uint8Array(3000));
      end.sent();
      let rooms = 0;
      outflow.onRoom = () => rooms++;
      end.connection.abort(new RpcError('UNAVAILABLE', 'Over.'));
      expect([outflow.over, outflow.roomy, rooms]).toEqual([true, false, 1]);
      end.receive(creditFrame(0, 5000));
      expect(end.sent().map(({ type }) => type)).toEqual([FRAME.GOAWAY]);
    }
  });

  test('its call fails, and may have run, because its handler has not waited for the end of the input', () => {
    const { end, call } = uploading();
    end.connection.abort(new RpcError('UNAVAILABLE', 'Over.'));
    expect([call.outcome, call.stops]).toEqual(['UNAVAILABLE unknown', 1]);
  });

  test('the handler of a stream hears that nobody waits, unless it is done', () => {
    const { end, request } = serving();
    end.receive(frame(FRAME.REQUEST, 2, [u16(1), 5]));
    request.outflow?.add(new Uint8Array(3000));
    end.answer(request);
    end.connection.abort(new RpcError('UNAVAILABLE', 'Over.'));
    expect(end.told).toEqual(['request 0', 'request 2', 'cancelled 2 CANCELLED', 'closed UNAVAILABLE']);
  });
});
