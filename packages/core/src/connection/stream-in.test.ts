import { describe, expect, test } from 'vitest';
import type { KIND } from '../contract/kind.ts';
import { RpcError } from '../error/rpc-error.ts';
import { FLAG, FRAME } from '../wire/frame.ts';
import { Malformed } from '../wire/inspect.ts';
import type { Limits } from '../wire/limits.ts';
import type { Call } from './call.ts';
import { alone, type End } from './test-by-hand.ts';
import { u32, u64 } from './test-frames.ts';
import {
  chunkFrame,
  creditFrame,
  frame,
  inShort,
  itemsFrame,
  longItem,
  METHODS,
  packed,
  says,
  u16,
} from './test-stream-frames.ts';
import { Reader } from './test-streams.ts';

const SMALL: Partial<Limits> = { chunk: 1024, window: 1024 };
const { MORE, RAW } = FLAG;

const SIDES = ['callee', 'caller'] as const;
type Side = (typeof SIDES)[number];

interface Receiving {
  readonly end: End;
  readonly call: Call;
  readonly reader: Reader;
}

/** An end that receives a stream along its call 0: as the one that was called, or as the one that calls. */
function receiving(side: Side, local: Partial<Limits> = SMALL): Receiving {
  const end = alone({ role: side === 'callee' ? 'acceptor' : 'dialer', local, remote: SMALL });
  if (side === 'callee') end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(2)]));
  const call = side === 'callee' ? end.request(0) : end.ask('serverStream', 1);
  end.sent();
  return { end, call, reader: new Reader(call.inflow) };
}

/** Another call of the same kind, along which a stream comes, too. */
function another({ end }: Receiving): Receiving {
  const called = end.role === 'acceptor';
  const id = 2 * end.requests.length;
  if (called) end.receive(frame(FRAME.REQUEST, id, [u16(2)]));
  const call = called ? end.request(id) : end.ask('serverStream', 1);
  end.sent();
  return { end, call, reader: new Reader(call.inflow) };
}

function text(bytes: number): string {
  return 'x'.repeat(bytes - 3);
}

describe.each(SIDES)('a stream that comes in, to the %s,', (side) => {
  test('is read in the order in which it came, whatever frames it came in', () => {
    const { end, reader } = receiving(side);
    end.receive(
      itemsFrame(0, 1, 'two', null),
      frame(FRAME.ITEM, 0, [packed({ three: 3 })]),
      frame(FRAME.ITEM, 0, [1, 2, 3], RAW),
      frame(FRAME.ITEM, 0, [u64(5), 'a'], MORE | RAW),
      frame(FRAME.CHUNK, 0, ['bc'], MORE),
      frame(FRAME.CHUNK, 0, ['de']),
      frame(FRAME.ITEM, 0, [u64(5), packed('nine').subarray(0, 2)], MORE),
      frame(FRAME.CHUNK, 0, [packed('nine').subarray(2)]),
      itemsFrame(0, undefined, new Uint8Array([7])),
    );
    const expected = [
      [1, 'two', null],
      [{ three: 3 }],
      [new Uint8Array([1, 2, 3])],
      [new Uint8Array([97, 98, 99, 100, 101])],
      ['nine'],
      [undefined, new Uint8Array([7])],
    ];
    for (const items of expected) expect(reader.inflow.next()).toEqual(items);
    expect(reader.inflow.next()).toBeUndefined();
  });

  test('has an ITEM of no bytes for undefined, and with RAW for no bytes', () => {
    const { end, reader } = receiving(side);
    end.receive(frame(FRAME.ITEM, 0), frame(FRAME.ITEM, 0, [], RAW));
    expect(reader.readAll()).toEqual([undefined, new Uint8Array(0)]);
  });

  test('shares no memory with what came, nor with what else came', () => {
    const { end, reader } = receiving(side, { chunk: 70_000 });
    for (const length of [3, 100, 5000, 60_000]) {
      const came = frame(FRAME.ITEM, 0, [new Uint8Array(length).fill(1)], RAW);
      end.connection.receive(came);
      came.fill(2);
      const [item] = reader.inflow.next() as Uint8Array[];
      expect([item?.length, item?.every((byte) => byte === 1)]).toEqual([length, true]);
      expect(item?.buffer.byteLength).toBe(length);
      expect(Object.getPrototypeOf(item)).toBe(Uint8Array.prototype);
    }
    const came = itemsFrame(0, new Uint8Array(100).fill(1));
    end.connection.receive(came);
    came.fill(2);
    expect(reader.inflow.next()).toEqual([new Uint8Array(100).fill(1)]);
    end.receive(longItem(0, 5000, 100), chunkFrame(0, 4900, false));
    const [long] = reader.inflow.next() as Uint8Array[];
    expect(long?.buffer.byteLength).toBe(5000);
  });

  test('tells who waits for it, once, and nobody else', () => {
    const { end, reader } = receiving(side);
    end.receive(itemsFrame(0, 1));
    expect(reader.told).toBe(0);
    expect([reader.read(), reader.read()]).toEqual([true, false]);
    end.receive(itemsFrame(0, 2), itemsFrame(0, 3));
    expect([reader.told, reader.items]).toEqual([1, [1]]);
    expect(reader.readAll()).toEqual([1, 2, 3]);
    end.receive(longItem(0, 20, 10));
    expect(reader.told).toBe(1);
    end.receive(chunkFrame(0, 10, false));
    expect(reader.told).toBe(2);
  });

  test('is unread until it is read: what cannot be read is its reader’s trouble, and no other’s', () => {
    const bad: readonly (readonly [string, Buffer])[] = [
      ['no array', frame(FRAME.ITEMS, 0, [5])],
      ['no item', frame(FRAME.ITEMS, 0)],
      ['a value that is cut off', frame(FRAME.ITEMS, 0, [0x92, 1])],
      ['a value that is cut off', frame(FRAME.ITEMS, 0, [0xdc, 0, 3, 1])],
      ['a length that is cut off', frame(FRAME.ITEMS, 0, [0xdc, 0])],
      ['more than its value', frame(FRAME.ITEMS, 0, [0x91, 1, 2])],
      ['which msgpack does not use', frame(FRAME.ITEMS, 0, [0x92, 1, 0xc1])],
      ['not UTF-8', frame(FRAME.ITEM, 0, [0xa1, 0xff])],
      ['more than its value', frame(FRAME.ITEM, 0, [1, 2])],
      ['which nearcall does not use', frame(FRAME.ITEM, 0, [0xd4, 0x70, 1])],
    ];
    for (const [why, came] of bad) {
      const { end, reader } = receiving(side);
      end.receive(itemsFrame(0, 'good'), came, itemsFrame(0, 'behind'));
      expect(reader.read()).toBe(true);
      expect(() => reader.inflow.next(), why).toThrow(Malformed);
      expect([end.closed, reader.items]).toEqual([[], ['good']]);
      expect(reader.inflow.next()).toEqual(['behind']);
    }
  });

  test('holds the limits of a message for each of its items, and not for all of a frame', () => {
    const local = { ...SMALL, depth: 3, values: 16 };
    const within = [[[[]]], new Array(15).fill(0)];
    const { end, reader } = receiving(side, local);
    end.receive(itemsFrame(0, ...within, ...within), frame(FRAME.ITEM, 0, [packed(within[1])]));
    expect(reader.readAll()).toEqual([...within, ...within, within[1]]);
    for (const over of [[[[[]]]], new Array(16).fill(0)]) {
      for (const came of [itemsFrame(0, 1, over), frame(FRAME.ITEM, 0, [packed(over)])]) {
        const next = receiving(side, local);
        next.end.receive(came);
        expect(() => next.reader.inflow.next()).toThrow(Malformed);
      }
    }
  });

  test('holds an item of one frame to the limits of a body, when it is read', () => {
    const local = { message: 1024, bytes: 2000 };
    for (const [bytes, flags, read] of [
      [1024, 0, true],
      [1025, 0, false],
      [2000, RAW, true],
      [2001, RAW, false],
    ] as const) {
      const { end, reader } = receiving(side, local);
      end.receive(frame(FRAME.ITEM, 0, [flags === 0 ? packed(text(bytes)) : new Uint8Array(bytes)], flags));
      expect(end.closed).toEqual([]);
      if (read) expect(reader.readAll()).toHaveLength(1);
      else expect(() => reader.inflow.next()).toThrow(Malformed);
    }
  });

  test('holds an item among others to the limit of a message, when it is read', () => {
    const { end, reader } = receiving(side, { message: 1024 });
    end.receive(itemsFrame(0, text(1024), text(1024)));
    expect(reader.readAll()).toEqual([text(1024), text(1024)]);
    end.receive(itemsFrame(0, text(1025)));
    expect(() => reader.inflow.next()).toThrow(Malformed);
  });
});

describe.each(SIDES)('credit for a stream that comes in, to the %s,', (side) => {
  /** Frames and what they cost, by the page. */
  const prices: readonly (readonly [string, number, Buffer])[] = [
    ['ITEMS of one', 2 + 64, itemsFrame(0, 1)],
    ['ITEMS of three', 4 + 3 * 64, itemsFrame(0, 1, 2, 3)],
    ['ITEMS of 13', 14 + 13 * 64, itemsFrame(0, ...new Array(13).fill(1))],
    ['ITEMS with a length of two bytes', 3 + 2 + 2 * 64, frame(FRAME.ITEMS, 0, [0xdc, 0, 2, 1, 1])],
    ['ITEMS with a length of four bytes', 5 + 2 + 2 * 64, frame(FRAME.ITEMS, 0, [0xdd, 0, 0, 0, 2, 1, 1])],
    ['ITEMS that are no array', 3 + 64, frame(FRAME.ITEMS, 0, [0xa2, 'ab'])],
    ['an ITEM', 10 + 64, frame(FRAME.ITEM, 0, [new Uint8Array(10)], RAW)],
    ['an ITEM of no bytes', 64, frame(FRAME.ITEM, 0)],
    ['an ITEM that goes on', 100 + 64, longItem(0, 5000, 100)],
    ['an ITEM and its CHUNK', 300 + 64, Buffer.concat([longItem(0, 5000, 100), chunkFrame(0, 200, true)])],
  ];

  test.each(prices)('is taken by %s: exactly its price is enough, and less is not', (_, price, frames) => {
    for (const missing of [0, 1]) {
      const { end } = receiving(side);
      end.receive(frame(FRAME.ITEM, 0, [new Uint8Array(1024 - 64 - price + missing)], RAW));
      expect(end.closed).toEqual([]);
      end.receive(frames);
      const message = 'it sent an item for which there was no credit (limit "window") for the call 0';
      expect(end.closed.map((error) => error.message)).toEqual(
        missing === 0 ? [] : [`The other side broke the protocol: ${message}.`],
      );
    }
  });

  test('is taken by each item that ITEMS claim, also those that are not there', () => {
    for (const head of [
      [0xdc, 0, 17],
      [0xdd, 0, 0, 0, 17],
      [0xdd, 0xff, 0xff, 0xff, 0xff],
    ]) {
      const { end } = receiving(side);
      end.receive(frame(FRAME.ITEMS, 0, [...head, 1]));
      expect(end.closed[0]?.message).toContain('no credit (limit "window")');
    }
  });

  test('is taken by ITEMS without any item, so that nobody can send many of them', () => {
    for (const head of [[0x90], [0xdc, 0, 0], [0xdd, 0, 0, 0, 0]]) {
      const { end, reader } = receiving(side);
      const empty = frame(FRAME.ITEMS, 0, head);
      end.receive(empty);
      expect(() => reader.inflow.next()).toThrow(Malformed);
      for (let i = 0; i < 20; i++) end.receive(empty);
      expect(end.closed).toHaveLength(1);
    }
  });

  test('comes back as items are read, and not before', () => {
    const { end, reader } = receiving(side);
    for (let i = 0; i < 4; i++) end.receive(frame(FRAME.ITEM, 0, [new Uint8Array(192)], RAW));
    expect(end.leaves()).toEqual([]);
    expect(reader.read()).toBe(true);
    // The item that is being read still counts.
    expect(end.leaves()).toEqual([]);
    for (let i = 0; i < 3; i++) {
      expect(reader.read()).toBe(true);
      expect(end.leaves()).toEqual(['CREDIT 0 256']);
    }
    expect(reader.read()).toBe(false);
    expect(end.leaves()).toEqual(['CREDIT 0 256']);
    expect(end.wakes).toBeGreaterThan(0);
  });

  test('comes back once it is a quarter of the window, not byte by byte', () => {
    const { end, reader } = receiving(side);
    end.receive(frame(FRAME.ITEM, 0, [new Uint8Array(191)], RAW));
    reader.readAll();
    expect(end.leaves()).toEqual([]);
    end.receive(frame(FRAME.ITEM, 0, [], RAW));
    reader.readAll();
    expect(end.leaves()).toEqual([`CREDIT 0 ${255 + 64}`]);
  });

  test('is never more than the window and what was read', () => {
    const { end, reader } = receiving(side);
    const full = frame(FRAME.ITEM, 0, [new Uint8Array(960)], RAW);
    for (let i = 0; i < 10; i++) {
      end.receive(full);
      reader.readAll();
      expect(end.leaves()).toEqual(['CREDIT 0 1024']);
    }
    end.receive(full, frame(FRAME.ITEM, 0));
    expect(end.closed).toHaveLength(1);
  });

  test('of a reader that does not read is a window, and one message if that is longer', () => {
    const { end, reader } = receiving(side);
    reader.readAll();
    end.receive(longItem(0, 10_000, 960));
    expect(end.leaves()).toEqual(['CREDIT 0 1024']);
    for (let had = 960; had < 10_000; had += 1000) {
      end.receive(chunkFrame(0, Math.min(1000, 10_000 - had), had + 1000 < 10_000));
      end.sent();
    }
    // Nobody reads: of what was granted meanwhile some is left, and no more comes.
    let more = 0;
    while (end.closed.length === 0 && more < 50) {
      end.receive(frame(FRAME.ITEM, 0, [new Uint8Array(36)], RAW));
      expect(end.leaves().filter((line) => line.startsWith('CREDIT'))).toEqual([]);
      more++;
    }
    expect(more).toBeLessThan(12);
  });

  test('for a long item comes when it is its turn to be read, and not while items before it are unread', () => {
    const { end, reader } = receiving(side);
    end.receive(itemsFrame(0, 'before'), longItem(0, 5000, 800));
    expect(end.leaves()).toEqual([]);
    expect(reader.read()).toBe(true);
    expect(end.leaves()).toEqual([]);
    expect(reader.read()).toBe(false);
    expect(end.leaves()).toEqual([`CREDIT 0 ${64 + 8 + 64 + 800}`]);
    end.receive(chunkFrame(0, 1000, true));
    expect(end.leaves()).toEqual(['CREDIT 0 1000']);
    end.receive(chunkFrame(0, 255, true));
    expect(end.leaves()).toEqual([]);
    end.receive(chunkFrame(0, 1, true));
    expect(end.leaves()).toEqual(['CREDIT 0 256']);
  });

  test('for a long item does not come because there was one before it', () => {
    const { end, reader } = receiving(side);
    reader.readAll();
    end.receive(longItem(0, 600, 300), chunkFrame(0, 300, false));
    reader.read();
    end.sent();
    end.receive(longItem(0, 5000, 650));
    expect([end.leaves(), end.closed]).toEqual([[], []]);
    // The first one is read to its end, and the next is waited for.
    expect(reader.read()).toBe(false);
    expect(end.leaves()).toHaveLength(1);
  });

  test('is held by long items that are unread, with all that they cost', () => {
    const { end } = receiving(side);
    for (let i = 0; i < 10; i++) end.receive(longItem(0, 2, 1), chunkFrame(0, 1, false));
    expect(end.leaves()).toEqual([]);
  });

  test('for a long item comes at once where somebody waits for it', () => {
    const { end, reader } = receiving(side);
    reader.readAll();
    end.receive(longItem(0, 5000, 960));
    expect(end.leaves()).toEqual(['CREDIT 0 1024']);
  });

  test('lets an item begin that its reader does not wait for, and that is there whole before he does', () => {
    const { end, reader } = receiving(side);
    end.receive(longItem(0, 500, 400), chunkFrame(0, 100, false));
    expect(end.leaves()).toEqual([]);
    expect(reader.readAll()).toEqual([new Uint8Array(500)]);
    expect(end.leaves()).toEqual(['CREDIT 0 564']);
  });

  test('is no longer given once the connection is over, though what has come can be read', () => {
    const { end, reader } = receiving(side);
    end.receive(frame(FRAME.ITEM, 0, [new Uint8Array(900)], RAW));
    end.connection.abort(new RpcError('UNAVAILABLE', 'Over.'));
    end.sent();
    const { wakes } = end;
    expect(reader.readAll()).toEqual([new Uint8Array(900)]);
    expect([end.leaves(), end.wakes]).toEqual([[], wakes]);
  });

  test('is no longer given once the call is over, though what has come can be read', () => {
    const { end, call, reader } = receiving(side);
    end.receive(frame(FRAME.ITEM, 0, [new Uint8Array(900)], RAW));
    if (side === 'callee') end.receive(frame(FRAME.CANCEL, 0, [1]));
    else end.receive(frame(FRAME.ANSWER, 0));
    expect(reader.readAll()).toEqual([new Uint8Array(900)]);
    expect([end.leaves(), call.inflow === reader.inflow]).toEqual([[], true]);
  });
});

describe.each(SIDES)('of the long items that come in, to the %s,', (side) => {
  /** Five long items on their way, for each of which somebody waits, and what was granted for them. */
  function five(): { all: Receiving[]; end: End } {
    const first = receiving(side, { chunk: 1024, window: 1024 });
    const all = [first];
    while (all.length < 5) all.push(another(first));
    for (const { reader, call } of all) {
      reader.readAll();
      first.end.receive(longItem(call.id, 3000, 900));
    }
    expect(first.end.leaves()).toEqual([0, 2, 4, 6].map((id) => `CREDIT ${id} 964`));
    return { all, end: first.end };
  }

  test('a fifth waits for its credit until one of four is whole', () => {
    const { end, all } = five();
    for (const more of [true, true, false]) {
      end.receive(chunkFrame(4, 700, more));
      if (more) expect(end.leaves()).toEqual(['CREDIT 4 700']);
    }
    expect(end.leaves()).toEqual(['CREDIT 8 964']);
    expect(all[2]?.reader.told).toBe(1);
  });

  test('a fifth waits until one of four is given up', () => {
    const { end, all } = five();
    if (side === 'callee') end.receive(frame(FRAME.CANCEL, 4, [1]));
    else end.cancel(all[2]?.call as never);
    expect(end.leaves().filter((line) => line.startsWith('CREDIT'))).toEqual(['CREDIT 8 964']);
  });

  test('a fifth waits until the call of one of four is over', () => {
    const { end } = five();
    if (side === 'callee') end.fail(end.request(4), new RpcError('ABORTED', 'No.'));
    else end.receive(frame(FRAME.ERROR, 4, [packed({ code: 10 })]));
    expect(end.leaves().filter((line) => line.startsWith('CREDIT'))).toEqual(['CREDIT 8 964']);
  });

  test('a fifth that is given up while it waits is forgotten', () => {
    const { end, all } = five();
    if (side === 'callee') end.receive(frame(FRAME.CANCEL, 8, [1]));
    else end.cancel(all[4]?.call as never);
    end.sent();
    end.receive(chunkFrame(4, 700, true), chunkFrame(4, 700, true), chunkFrame(4, 700, false));
    expect(end.leaves().filter((line) => line.startsWith('CREDIT 8'))).toEqual([]);
  });

  test('those that nobody waits for take no place', () => {
    const first = receiving(side);
    const all = [first];
    while (all.length < 5) all.push(another(first));
    for (const { call } of all) first.end.receive(longItem(call.id, 3000, 900));
    expect(first.end.leaves()).toEqual([]);
    for (const i of [4, 3, 2, 1]) {
      expect(all[i]?.reader.read()).toBe(false);
      expect(first.end.leaves()).toEqual([`CREDIT ${2 * i} 964`]);
    }
    expect(first.reader.read()).toBe(false);
    expect(first.end.leaves()).toEqual([]);
  });

  test('those of calls that are over take no place, though one was crossing on its way', () => {
    const first = receiving(side);
    const all = [first];
    while (all.length < 5) all.push(another(first));
    const { end } = first;
    for (const { call } of all.slice(0, 4)) {
      // The other end has not heard yet that it is over.
      if (side === 'callee') end.fail(call as never, new RpcError('ABORTED', 'No.'));
      else end.cancel(call as never);
      end.receive(longItem(call.id, 3000, 900), chunkFrame(call.id, 60, true));
    }
    end.sent();
    all[4]?.reader.readAll();
    end.receive(longItem(8, 3000, 900));
    expect([end.leaves(), end.closed]).toEqual([['CREDIT 8 964'], []]);
  });

  test('four leave no credit for a long message either, until one of them is whole', () => {
    const { end, all } = five();
    if (side === 'callee') end.receive(frame(FRAME.CANCEL, 8, [1]));
    else end.cancel(all[4]?.call as never);
    if (side === 'callee') end.receive(frame(FRAME.REQUEST, 10, [u16(0), u64(3000), new Uint8Array(900)], MORE | RAW));
    else {
      end.ask('unary', 1);
      end.receive(frame(FRAME.ANSWER, 10, [u64(3000), new Uint8Array(900)], MORE | RAW));
    }
    expect(end.leaves().filter((line) => line.startsWith('CREDIT 10'))).toEqual([]);
    end.receive(chunkFrame(0, 900, true), chunkFrame(0, 900, true), chunkFrame(0, 300, false));
    expect(end.leaves()).toContain('CREDIT 10 2100');
  });
});

describe('a long request for a server stream', () => {
  const begins = frame(FRAME.REQUEST, 0, [u16(1), u64(5000), 1], MORE);

  test('that is cancelled before it is whole leaves its place to the next one', () => {
    const end = alone({ local: SMALL });
    end.receive(METHODS);
    for (let i = 0; i < 6; i++) {
      end.receive(begins);
      expect(end.leaves()).toEqual(['CREDIT 0 4999']);
      end.receive(frame(FRAME.CANCEL, 0, [4]));
      const [error] = end.sent();
      expect(says(error)).toMatchObject({ code: 4, ran: false });
      expect([end.open, end.told]).toEqual([[0, 0], []]);
    }
  });

  test('opens no stream before it is whole', () => {
    const end = alone({ local: SMALL });
    end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(1), u64(100), 0xc4, 98], MORE));
    expect(end.told).toEqual([]);
    end.receive(chunkFrame(0, 98, false));
    expect([end.told, end.request(0).input]).toEqual([['request 0'], new Uint8Array(98)]);
  });

  test('that cannot be read is an error, and runs nothing', () => {
    const end = alone({ local: SMALL });
    end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(1), u64(100), 0xc1], MORE), chunkFrame(0, 99, false));
    expect([end.told, end.sent().slice(-1).map(says)]).toMatchObject([[], [{ code: 3, ran: false }]]);
    expect(end.open).toEqual([0, 0]);
  });
});

describe('a reader that reads no more', () => {
  function stopped(...before: Buffer[]): Receiving {
    const made = receiving('callee');
    made.end.receive(...before);
    made.end.stop(made.end.request(0));
    return made;
  }

  test('says STOP, and gives back the credit of what it drops', () => {
    const { end, reader } = stopped(frame(FRAME.ITEM, 0, [new Uint8Array(500)], RAW), itemsFrame(0, 1));
    expect(end.leaves()).toEqual([`CREDIT 0 ${500 + 64 + 2 + 64}`, 'STOP 0 0']);
    expect(reader.inflow.next()).toBeUndefined();
  });

  test('gives no more credit than there was, whatever he was reading', () => {
    const made = receiving('callee');
    made.end.receive(frame(FRAME.ITEM, 0, [new Uint8Array(500)], RAW));
    made.reader.read();
    made.end.stop(made.end.request(0));
    expect(made.end.leaves()).toEqual(['CREDIT 0 564', 'STOP 0 0']);
    made.reader.inflow.next();
    expect(made.end.leaves()).toEqual([]);
  });

  test('passes over what still comes, for which it gives credit, and hears of the end', () => {
    const { end, reader } = stopped();
    end.sent();
    for (let i = 0; i < 20; i++) {
      end.receive(frame(FRAME.ITEM, 0, [new Uint8Array(100)], RAW), itemsFrame(0, 1), frame(FRAME.ITEMS, 0, [0xc1]));
      end.sent();
    }
    expect([reader.inflow.next(), reader.told, end.closed]).toEqual([undefined, 0, []]);
    end.receive(frame(FRAME.END, 0));
    expect(end.told).toEqual(['request 0', 'input ended 0']);
    end.answer(end.request(0), 'done');
    expect([end.leaves(), end.open]).toEqual([['ANSWER 0 5'], [0, 0]]);
  });

  test('gives the credit that the long item under way needs, and keeps none of it', () => {
    const { end, reader } = stopped(longItem(0, 5000, 900));
    expect(end.leaves()).toEqual(['CREDIT 0 964', 'STOP 0 0']);
    for (let left = 4100; left > 0; left -= 1000) {
      end.receive(chunkFrame(0, Math.min(1000, left), left > 1000));
      expect(end.leaves()).toEqual(left >= 1000 ? ['CREDIT 0 1000'] : []);
    }
    end.receive(frame(FRAME.END, 0));
    expect([reader.inflow.next(), end.told.at(-1)]).toEqual([undefined, 'input ended 0']);
  });

  test('still holds who sends to his credit and to the lengths that he announced', () => {
    for (const [why, ...frames] of [
      ['no credit', frame(FRAME.ITEM, 0, [new Uint8Array(1000)], RAW)],
      ['no credit', itemsFrame(0, ...new Array(20).fill(1))],
      ['goes on past the 100 bytes', longItem(0, 100, 10), chunkFrame(0, 91, false)],
      ['a CHUNK that is empty', longItem(0, 100, 10), chunkFrame(0, 0, true)],
    ] as const) {
      const { end } = stopped();
      end.receive(...frames);
      expect(end.closed[0]?.message).toContain(why);
    }
  });

  test('says nothing where the input has ended, or the call is over', () => {
    for (const before of [frame(FRAME.END, 0), frame(FRAME.CANCEL, 0, [1])]) {
      const { end, reader } = stopped(itemsFrame(0, 1), before);
      expect(end.leaves().filter((line) => !line.startsWith('CREDIT'))).toEqual([]);
      expect(reader.inflow.next()).toBeUndefined();
    }
    const { end } = receiving('callee');
    end.answer(end.request(0), 1);
    end.sent();
    end.stop(end.request(0));
    expect(end.leaves()).toEqual([]);
  });

  test('of a call whose input is one message has nothing to say', () => {
    const end = alone();
    end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(0), 5]));
    end.stop(end.request(0));
    expect(end.leaves()).toEqual([]);
  });
});

describe('a handler that is done before its input has ended', () => {
  const unread = frame(FRAME.ITEM, 0, [new Uint8Array(600)], RAW);
  const endings: readonly (readonly [string, (end: End) => void])[] = [
    ['a short answer', (end) => end.answer(end.request(0), 1)],
    ['a long answer', (end) => end.answer(end.request(0), new Uint8Array(3000))],
    ['an error', (end) => end.fail(end.request(0), new RpcError('ABORTED', 'No.'))],
  ];

  test.each(endings)('grants nothing behind %s, so that no later call in its slot gets it', (_, ending) => {
    for (const item of [unread, longItem(0, 5000, 600)]) {
      const { end } = receiving('callee');
      end.receive(item);
      ending(end);
      end.receive(creditFrame(0, 10_000));
      const lines = end.leaves();
      const last = lines.findLastIndex((line) => /^(ANSWER|ERROR|CHUNK) /.test(line));
      expect([last >= 0, lines.slice(last + 1)]).toEqual([true, []]);
      expect(end.open).toEqual([0, 1]);
      // Nothing that still comes brings any, nor does a reader who reads on.
      end.receive(item === unread ? itemsFrame(0, 1) : chunkFrame(0, 400, true));
      expect([end.request(0).inflow?.next(), end.leaves()]).toEqual([undefined, []]);
    }
  });

  test.each(endings)('drops what comes behind %s, until the caller ends its half', (_, ending) => {
    for (const last of [frame(FRAME.CANCEL, 0, [1]), frame(FRAME.END, 0)]) {
      const { end } = receiving('callee');
      ending(end);
      end.receive(creditFrame(0, 10_000));
      end.sent();
      end.receive(itemsFrame(0, 1), longItem(0, 500, 100), chunkFrame(0, 400, false));
      expect(end.open).toEqual([0, 1]);
      // What the handler says again is not sent.
      end.answer(end.request(0), 'again');
      end.receive(last);
      expect([end.open, end.closed, end.told, end.leaves()]).toEqual([[0, 0], [], ['request 0'], []]);
      // The slot is free: another call may have it, with an account of its own.
      end.receive(frame(FRAME.REQUEST, 0, [u16(2)]), frame(FRAME.ITEM, 0, [new Uint8Array(960)], RAW));
      expect([end.open, end.closed]).toEqual([[0, 1], []]);
    }
  });

  test('sends no more of a long answer once its caller has given it up', () => {
    const { end } = receiving('callee');
    end.answer(end.request(0), new Uint8Array(5000));
    end.sent();
    // Some of it could leave already, and more could later.
    end.receive(creditFrame(0, 2000), frame(FRAME.CANCEL, 0, [4]), creditFrame(0, 10_000));
    const sent = end.sent();
    expect(sent.map(({ type }) => type)).toEqual([FRAME.ERROR]);
    expect([says(sent[0]).code, end.open, end.told]).toEqual([4, [0, 0], ['request 0']]);
  });

  test('is forgotten where the CANCEL comes in the middle of an item', () => {
    const { end } = receiving('callee');
    end.receive(longItem(0, 5000, 100));
    end.answer(end.request(0), 1);
    end.receive(frame(FRAME.CANCEL, 0, [1]));
    expect([end.open, end.closed]).toEqual([[0, 0], []]);
  });
});

describe('the input of a call that is turned away', () => {
  test('is passed over, until it ends', () => {
    const unknown = frame(FRAME.METHOD, 0, [u16(0), 2, 1, 's', 7, 'unknown']);
    for (const last of [frame(FRAME.CANCEL, 0, [1]), frame(FRAME.END, 0)]) {
      const end = alone({ local: SMALL });
      end.receive(unknown, frame(FRAME.REQUEST, 0, [u16(0)]));
      expect(end.sent().map(says)).toMatchObject([{ code: 12, ran: false }]);
      end.receive(itemsFrame(0, 1), longItem(0, 500, 100), chunkFrame(0, 200, true), chunkFrame(0, 200, false));
      expect(end.open).toEqual([0, 1]);
      end.receive(last);
      expect([end.open, end.leaves(), end.told, end.closed]).toEqual([[0, 0], [], [], []]);
    }
  });
});

describe('a caller that has cancelled', () => {
  test('passes over the items that were on their way, and asks for no more', () => {
    const { end, call, reader } = receiving('caller');
    end.receive(itemsFrame(0, 'here'), frame(FRAME.ITEM, 0, [new Uint8Array(600)], RAW));
    end.cancel(call as never);
    const [cancel, ...rest] = end.leaves();
    expect([cancel, rest]).toEqual(['CANCEL 0 1', []]);
    end.receive(itemsFrame(0, 1), longItem(0, 3000, 50), chunkFrame(0, 30, true));
    expect([end.leaves(), reader.inflow.next(), end.closed]).toEqual([[], undefined, []]);
    end.receive(frame(FRAME.ERROR, 0, [packed({ code: 1 })]));
    expect([end.open, end.closed]).toEqual([[0, 0], []]);
  });

  test('takes the ANSWER that was on its way for the last frame', () => {
    const { end, call } = receiving('caller');
    end.cancel(call as never);
    end.receive(itemsFrame(0, 1), frame(FRAME.ANSWER, 0));
    expect([end.open, end.closed]).toEqual([[0, 0], []]);
  });
});

describe('the end of an input', () => {
  test('is told once, behind the items, and leaves them to be read', () => {
    const { end, reader } = receiving('callee');
    end.receive(itemsFrame(0, 1, 2), frame(FRAME.END, 0));
    expect(end.told).toEqual(['request 0', 'input ended 0']);
    expect(reader.readAll()).toEqual([1, 2]);
    end.receive(frame(FRAME.CANCEL, 0, [4]), frame(FRAME.CANCEL, 0, [1]));
    expect(end.told.slice(2)).toEqual(['cancelled 0 DEADLINE_EXCEEDED']);
    end.fail(end.request(0), new RpcError('INTERNAL', 'Its words.'));
    expect(end.sent().map(says)).toMatchObject([{ code: 4 }]);
    expect(end.open).toEqual([0, 0]);
  });

  test('by CANCEL is told as that, in the middle of an item, too', () => {
    for (const before of [[], [itemsFrame(0, 1)], [longItem(0, 500, 100)]]) {
      const { end } = receiving('callee');
      end.receive(...before, frame(FRAME.CANCEL, 0, [1]));
      expect(end.told).toEqual(['request 0', 'cancelled 0 CANCELLED']);
      expect(end.open).toEqual([0, 1]);
      end.answer(end.request(0), 'done');
      end.answer(end.request(0), 'again');
      expect(end.sent().map(says)).toMatchObject([{ code: 1 }]);
      expect(end.open).toEqual([0, 0]);
    }
  });

  test('by the end of the file is told with a reason, and the call is answered all the same', () => {
    const { end, reader } = receiving('callee');
    end.receive(itemsFrame(0, 1), longItem(0, 500, 100));
    end.connection.ended();
    expect(end.told).toEqual(['request 0', 'input ended 0 UNAVAILABLE', 'draining']);
    expect(reader.readAll()).toEqual([1]);
    end.answer(end.request(0), 'done');
    expect(end.leaves().filter((line) => !line.startsWith('CREDIT'))).toEqual(['PING 8', 'ANSWER 0 5']);
    expect([end.open, end.connection.finished]).toEqual([[0, 0], true]);
  });

  test('of the output, by the end of the file, fails the call behind what has come', () => {
    const { end, reader } = receiving('caller');
    end.receive(itemsFrame(0, 1), longItem(0, 500, 100));
    end.connection.ended();
    expect([end.leaves(), end.open]).toEqual([['CANCEL 0 1'], [0, 0]]);
    expect(reader.readAll()).toEqual([1]);
  });
});

describe('what the protocol rules out for a stream ends the connection, with the reason', () => {
  const local = { ...SMALL, message: 4096, bytes: 8192 };
  const request = (number: number, id = 0): Buffer => frame(FRAME.REQUEST, id, [u16(number), 5]);
  const streams = frame(FRAME.REQUEST, 0, [u16(2)]);
  const both = frame(FRAME.REQUEST, 0, [u16(3)]);
  const one = itemsFrame(0, 1);
  const item = frame(FRAME.ITEM, 0, [1]);

  const toCallee: readonly (readonly [string, string, ...Buffer[]])[] = [
    ['ITEMS to a unary method', 'ITEMS out of turn for the call 0', request(0), one],
    ['an ITEM to a unary method', 'ITEM out of turn for the call 0', request(0), item],
    ['an END to a unary method', 'END out of turn for the call 0', request(0), frame(FRAME.END, 0)],
    ['ITEMS to a server stream', 'ITEMS out of turn for the call 0', request(1), one],
    ['an END to a server stream', 'END out of turn for the call 0', request(1), frame(FRAME.END, 0)],
    ['ITEMS before the call', 'ITEMS for the call 0, which is not open', one],
    ['ITEMS behind the END', 'ITEMS out of turn for the call 0', streams, frame(FRAME.END, 0), one],
    ['an ITEM behind the END', 'ITEM out of turn', both, frame(FRAME.END, 0), item],
    ['a second END', 'END out of turn', streams, frame(FRAME.END, 0), frame(FRAME.END, 0)],
    ['an END behind the CANCEL', 'END out of turn', streams, frame(FRAME.CANCEL, 0, [1]), frame(FRAME.END, 0)],
    ['ITEMS behind the CANCEL', 'ITEMS out of turn', streams, frame(FRAME.CANCEL, 0, [1]), one],
    ['a CHUNK without an item', 'CHUNK out of turn', streams, chunkFrame(0, 1, false)],
    [
      'a CHUNK behind ITEMS with MORE',
      'CHUNK out of turn',
      streams,
      frame(FRAME.ITEMS, 0, [0x91, 1], MORE),
      chunkFrame(0, 1, false),
    ],
    [
      'a CHUNK behind a whole item',
      'CHUNK out of turn',
      streams,
      longItem(0, 20, 10),
      chunkFrame(0, 10, false),
      chunkFrame(0, 1, false),
    ],
    ['ITEMS in the middle of an item', 'ITEMS out of turn', streams, longItem(0, 500, 10), one],
    ['an ITEM in the middle of an item', 'ITEM out of turn', streams, longItem(0, 500, 10), item],
    ['a long ITEM in the middle of an item', 'ITEM out of turn', streams, longItem(0, 500, 10), longItem(0, 500, 10)],
    ['an END in the middle of an item', 'END out of turn', streams, longItem(0, 500, 10), frame(FRAME.END, 0)],
    ['an empty CHUNK', 'a CHUNK that is empty', streams, longItem(0, 500, 10), chunkFrame(0, 0, true)],
    ['an empty CHUNK as the last', 'a CHUNK that is empty', streams, longItem(0, 500, 10), chunkFrame(0, 0, false)],
    ['an item that ends early', 'ends before the 500 bytes', streams, longItem(0, 500, 10), chunkFrame(0, 489, false)],
    [
      'an item that is whole and goes on',
      'goes on past the 500 bytes',
      streams,
      longItem(0, 500, 10),
      chunkFrame(0, 490, true),
    ],
    [
      'an item longer than announced',
      'goes on past the 500 bytes',
      streams,
      longItem(0, 500, 10),
      chunkFrame(0, 491, false),
    ],
    ['an ITEM with MORE that is whole', 'goes on although it is whole', streams, longItem(0, 500, 500)],
    ['an ITEM with MORE of no bytes', 'goes on although it is whole', streams, longItem(0, 0, 0)],
    ['an ITEM with more than it announced', 'goes on although it is whole', streams, longItem(0, 10, 11)],
    ['an ITEM with MORE and no length', 'a frame too short', streams, frame(FRAME.ITEM, 0, [1, 2, 3], MORE)],
    ['an item over the limit', '4097 bytes, where 4096 are taken (limit "message")', streams, longItem(0, 4097, 10, 0)],
    [
      'a byte string over the limit',
      '8193 bytes, where 8192 are taken (limit "bytes")',
      streams,
      longItem(0, 8193, 10),
    ],
    ['an item without end', 'more than 2^53 bytes', streams, frame(FRAME.ITEM, 0, ['\xff'.repeat(8), 1], MORE)],
    ['a HEADER from the caller', 'HEADER from the end that opened the call', streams, frame(FRAME.HEADER, 0, [0x80])],
    ['an ANSWER from the caller', 'ANSWER from the end that opened the call', both, frame(FRAME.ANSWER, 0)],
    ['an ERROR from the caller', 'ERROR from the end that opened the call', both, frame(FRAME.ERROR, 0, [0x80])],
    ['a STOP from the caller', 'STOP from the end that opened the call', both, frame(FRAME.STOP, 0)],
    ['a REQUEST for a call that is open', 'REQUEST with the call id 0, which is open', streams, streams],
    ['a CANCEL without its code', 'a frame too short', streams, frame(FRAME.CANCEL, 0)],
  ];

  test.each(toCallee)('%s, at the end that was called', (_, why, ...rest) => {
    const frames = rest as Buffer[];
    const end = alone({ local });
    end.receive(METHODS, ...frames.slice(0, -1));
    expect(end.closed).toEqual([]);
    end.receive(frames.at(-1) as Buffer);
    expect(end.closed[0]?.message).toContain(why);
    expect(end.sent().at(-1)).toMatchObject({ type: FRAME.GOAWAY, flags: 1 });
  });

  const answer = frame(FRAME.ANSWER, 0);
  const toCaller: readonly (readonly [
    string,
    string,
    'unary' | 'serverStream' | 'clientStream' | 'duplex',
    ...Buffer[],
  ])[] = [
    ['ITEMS to a unary call', 'ITEMS for the call 0, whose method is of another kind', 'unary', one],
    ['an ITEM to a unary call', 'ITEM for the call 0, whose method is of another kind', 'unary', item],
    ['ITEMS to a client stream', 'ITEMS for the call 0, whose method is of another kind', 'clientStream', one],
    ['a long ITEM to a client stream', 'ITEM for the call 0', 'clientStream', longItem(0, 500, 10)],
    ['an END', 'END for the call 0', 'duplex', frame(FRAME.END, 0)],
    ['a CANCEL', 'CANCEL for the call 0', 'duplex', frame(FRAME.CANCEL, 0, [1])],
    ['a CHUNK without an item', 'CHUNK out of turn', 'serverStream', chunkFrame(0, 1, false)],
    [
      'a CHUNK behind a whole item',
      'CHUNK out of turn',
      'duplex',
      longItem(0, 20, 10),
      chunkFrame(0, 10, false),
      chunkFrame(0, 1, false),
    ],
    ['ITEMS in the middle of an item', 'ITEMS out of turn', 'serverStream', longItem(0, 500, 10), one],
    ['an ANSWER in the middle of an item', 'ANSWER out of turn', 'serverStream', longItem(0, 500, 10), answer],
    [
      'a HEADER in the middle of an item',
      'HEADER out of turn',
      'duplex',
      longItem(0, 500, 10),
      frame(FRAME.HEADER, 0, [0x80]),
    ],
    [
      'a CHUNK behind ITEMS with MORE',
      'CHUNK out of turn',
      'serverStream',
      frame(FRAME.ITEMS, 0, [0x91, 1], MORE),
      chunkFrame(0, 1, false),
    ],
    [
      'a second HEADER',
      'a second HEADER',
      'serverStream',
      frame(FRAME.HEADER, 0, [0x80]),
      frame(FRAME.HEADER, 0, [0x80]),
    ],
    ['a HEADER behind items', 'or one behind items', 'serverStream', one, frame(FRAME.HEADER, 0, [0x80])],
    [
      'an item of another length',
      'ends before the 500 bytes',
      'serverStream',
      longItem(0, 500, 10),
      chunkFrame(0, 100, false),
    ],
    ['an item over the limit', '4097 bytes, where 4096 are taken', 'serverStream', longItem(0, 4097, 10, 0)],
    ['items behind the ANSWER', 'ITEMS for the call 0, which is not open', 'serverStream', answer, one],
    ['a second ANSWER', 'ANSWER for the call 0, which is not open', 'serverStream', answer, answer],
    ['ITEMS behind the ANSWER, while the input is open', 'which is not open', 'duplex', answer, one],
    [
      'a CHUNK behind the ANSWER',
      'CHUNK for the call 0, which is not open',
      'serverStream',
      frame(FRAME.ANSWER, 0, [u64(9), 1], MORE),
      chunkFrame(0, 8, false),
    ],
  ];

  test.each(toCaller)('%s, at the end that calls', (_, why, kind, ...rest) => {
    const frames = rest as Buffer[];
    const end = alone({ role: 'dialer', local });
    end.ask(kind as keyof typeof KIND, 1);
    end.receive(...frames.slice(0, -1));
    expect(end.closed).toEqual([]);
    end.receive(frames.at(-1) as Buffer);
    expect(end.closed[0]?.message).toContain(why);
    expect(end.sent().at(-1)).toMatchObject({ type: FRAME.GOAWAY, flags: 1 });
  });

  test('what came before it is acted on', () => {
    const end = alone({ local });
    end.receive(Buffer.concat([METHODS, streams, one, frame(FRAME.END, 0), frame(FRAME.END, 0)]));
    expect(end.told).toEqual(['request 0', 'input ended 0', 'cancelled 0 CANCELLED', 'closed INTERNAL']);
    expect(new Reader(end.request(0).inflow).readAll()).toEqual([1]);
  });
});

describe('frames for a slot that is free', () => {
  test('are ignored where they are CREDIT, CANCEL or STOP that have crossed the last frame', () => {
    const late = (id: number): Buffer[] => [frame(FRAME.CREDIT, id, [u32(500)]), frame(FRAME.CANCEL, id, [1])];
    const end = alone({ local: SMALL });
    end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(3)]), frame(FRAME.END, 0));
    end.answer(end.request(0));
    end.receive(...late(0), ...late(0), ...late(2000), frame(FRAME.CREDIT, 1, [u32(1)]), frame(FRAME.STOP, 1));
    expect([end.closed, end.open, end.told]).toEqual([[], [0, 0], ['request 0', 'input ended 0']]);
  });

  test('give the next call in the slot no credit', () => {
    const end = alone({ local: SMALL, remote: SMALL });
    end.receive(METHODS, creditFrame(0, 5000), frame(FRAME.REQUEST, 0, [u16(1), 5]));
    end.answer(end.request(0));
    end.receive(creditFrame(0, 5000), frame(FRAME.REQUEST, 0, [u16(1), 5]));
    end.sent();
    end.request(0).outflow?.add(new Uint8Array(5000));
    expect(end.sent().map(inShort)).toEqual(['ITEM+ 0 968']);
  });
});
