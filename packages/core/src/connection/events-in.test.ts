import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KIND } from '../contract/kind.ts';
import type { Metadata } from '../error/metadata.ts';
import { EVENTS_CALL, FLAG, FRAME } from '../wire/frame.ts';
import { type Limits, limitsWith } from '../wire/limits.ts';
import { ContractChecks } from './contract-checks.ts';
import { EventsIn } from './events-in.ts';
import { Fields } from './fields.ts';
import type { Host } from './host.ts';
import { MethodTable } from './method-table.ts';
import { Outbox } from './outbox.ts';
import { bytesOf, drain, framesOf, type Part, u64 } from './test-frames.ts';

/** What an event costs besides its bytes. */
const COST = 64;
const WINDOW = 2000;

/** The numbers of the methods that have one. */
const HANDLED = 0;
const UNKNOWN = 1;
const NAMED = 2;

interface Came {
  readonly target: string;
  readonly value: unknown;
  readonly metadata: Metadata | undefined;
  readonly settled: () => void;
}

interface End {
  readonly events: EventsIn<string>;
  /** The events that the host was told of. */
  readonly came: Came[];
  /** What it was told of those that could not be read. */
  readonly lost: string[];
  /** An EVENT with a body of so many bytes, which settles at once where nobody handles it. */
  event(body: number, method?: number): void;
  /** The first frame of an EVENT that goes on. */
  begin(total: number, body: number, flags?: number, method?: number): void;
  chunk(body: number, more: boolean): void;
  receive(type: number, flags: number, ...payload: Part[]): void;
  /** The credit that came back since it was last asked. */
  credit(): number;
}

function endWith(limits: Partial<Limits> = {}): End {
  const outbox = new Outbox({ wake: () => {} });
  const came: Came[] = [];
  const lost: string[] = [];
  const host: Pick<Host<string>, 'resolve' | 'event' | 'eventLost'> = {
    resolve: ({ name }) => (name === 'unknown' ? undefined : name),
    event: (target, value, metadata, settled) => came.push({ target, value, metadata, settled }),
    eventLost: (target, { code, message }) => lost.push(`${target} ${code} ${message}`),
  };
  const methods = new MethodTable(host as Host<string>, { checks: new ContractChecks(host as Host<string>, outbox) });
  const events = new EventsIn(limitsWith({ events: WINDOW, ...limits }), outbox, host as Host<string>, methods);
  const fields = new Fields();
  const over = (...parts: Part[]): Fields => {
    const payload = bytesOf(parts);
    return fields.reset(payload, 0, payload.length);
  };
  for (const [number, name] of ['handled', 'unknown'].entries()) {
    methods.declare(over(0, number, KIND.event, 1, 's', name.length, name));
  }
  const receive = (type: number, flags: number, ...payload: Part[]): void =>
    events.receive(type, flags, over(...payload));
  return {
    events,
    came,
    lost,
    receive,
    event: (body, method = UNKNOWN) => receive(FRAME.EVENT, FLAG.RAW, 0, method, new Uint8Array(body)),
    begin: (total, body, flags = FLAG.RAW, method = UNKNOWN) =>
      receive(FRAME.EVENT, FLAG.MORE | flags, 0, method, u64(total), new Uint8Array(body)),
    chunk: (body, more) => receive(FRAME.CHUNK, more ? FLAG.MORE : 0, new Uint8Array(body)),
    credit() {
      const frames = framesOf(...drain({ take: () => outbox.take(100) }));
      for (const { type, call } of frames) expect([type, call]).toEqual(['CREDIT', EVENTS_CALL]);
      return frames.reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
    },
  };
}

describe('an event', () => {
  test('comes with its value and metadata, whole or in chunks', () => {
    const end = endWith();
    end.receive(FRAME.EVENT, 0, 0, HANDLED, 0xa2, 'hi');
    end.receive(FRAME.EVENT, FLAG.METADATA, 0, HANDLED, 0, 5, 0x81, 0xa1, 'k', 0xa1, 'v', 0x05);
    end.receive(FRAME.EVENT, FLAG.MORE, 0, HANDLED, u64(5), 0xa4, 'l');
    end.receive(FRAME.CHUNK, FLAG.MORE, 'o');
    end.receive(FRAME.CHUNK, 0, 'ng');
    end.receive(FRAME.EVENT, FLAG.RAW, 0, HANDLED, 1, 2);
    end.receive(FRAME.EVENT, 0, 0, HANDLED);
    expect(end.came.map(({ target, value, metadata }) => [target, value, metadata])).toEqual([
      ['handled', 'hi', undefined],
      ['handled', 5, { k: 'v' }],
      ['handled', 'long', undefined],
      ['handled', Uint8Array.of(1, 2), undefined],
      ['handled', undefined, undefined],
    ]);
    expect(end.lost).toEqual([]);
  });

  test('that nobody handles is dropped, unread, and its method is told to the host once', () => {
    const end = endWith();
    end.receive(FRAME.EVENT, 0, 0, UNKNOWN, 0xc1);
    end.receive(FRAME.EVENT, 0, 0, UNKNOWN, 0xc1);
    expect(end.came).toEqual([]);
    expect(end.lost).toEqual([
      's.unknown UNIMPLEMENTED The other side sends the event s.unknown, which nobody handles here. Are the contracts of both the same?',
    ]);
  });

  test('that cannot be read is told to the host as lost, and gives its credit back', () => {
    const end = endWith();
    end.receive(FRAME.EVENT, 0, 0, HANDLED, 0xc1, new Uint8Array(WINDOW - COST - 1));
    expect(end.came).toEqual([]);
    expect(end.lost).toEqual([
      expect.stringMatching(/^s\.handled INVALID_ARGUMENT The event s\.handled cannot be read: its bytes hold .+\.$/),
    ]);
    expect(end.credit()).toBe(WINDOW);
  });

  test('whose host throws lets that pass on', () => {
    const end = endWith();
    end.came.push = () => {
      throw new Error('of the host');
    };
    expect(() => end.event(1, HANDLED)).toThrow('of the host');
  });

  test('that is longer than what is taken is refused when it is announced', () => {
    const limits = { message: 3000, bytes: 4000 };
    endWith(limits).begin(3000, 10, 0);
    endWith(limits).begin(4000, 10);
    expect(() => endWith(limits).begin(3001, 10, 0)).toThrow(
      'a message of 3001 bytes, where 3000 are taken (limit "message")',
    );
    expect(() => endWith(limits).begin(4001, 10)).toThrow('(limit "bytes")');
  });

  test('of another length than it announced is refused', () => {
    for (const parts of [
      (end: End) => end.begin(10, 10),
      (end: End) => end.begin(10, 11),
      (end: End) => {
        end.begin(10, 5);
        end.chunk(4, false);
      },
      (end: End) => {
        end.begin(10, 5);
        end.chunk(5, true);
      },
      (end: End) => {
        end.begin(10, 5);
        end.chunk(6, false);
      },
      (end: End) => {
        end.begin(10, 5);
        end.chunk(0, true);
      },
    ]) {
      expect(() => parts(endWith())).toThrow(/goes on|ends before|empty/);
    }
  });

  test('is alone under way', () => {
    const interleaved = endWith();
    interleaved.begin(100, 10);
    expect(() => interleaved.event(1)).toThrow('EVENT out of turn among the events');
    expect(() => endWith().chunk(1, false)).toThrow('CHUNK out of turn among the events');
    const over = endWith();
    over.begin(100, 10);
    over.chunk(90, false);
    over.event(1);
    expect(() => over.chunk(1, false)).toThrow('CHUNK out of turn among the events');
  });

  test('for a method that has no name is refused', () => {
    endWith().receive(FRAME.EVENT, 0, 0, NAMED - 1, 0xc0);
    expect(() => endWith().receive(FRAME.EVENT, 0, 0, NAMED, 0xc0)).toThrow(
      'an EVENT for a method number that has no name',
    );
  });

  test('without its fields is refused', () => {
    for (const length of [0, 1])
      expect(() => endWith().receive(FRAME.EVENT, 0, new Uint8Array(length))).toThrow('too short');
    for (const length of [2, 9])
      expect(() => endWith().receive(FRAME.EVENT, FLAG.MORE, new Uint8Array(length))).toThrow('too short');
    expect(() => endWith().receive(FRAME.EVENT, FLAG.METADATA, 0, 0, 0, 9, 0x80)).toThrow('too short');
  });

  test('whose metadata is none is refused', () => {
    for (const [metadata, words] of [
      [[0, 1, 0x90], 'no map'],
      [[0, 1, 0xc1], 'metadata that holds'],
      [[0, 4, 0x81, 0xa1, 'k', 5], 'neither text nor bytes'],
    ] as const) {
      expect(() => endWith().receive(FRAME.EVENT, FLAG.METADATA, 0, UNKNOWN, ...metadata)).toThrow(words);
    }
    expect(() => endWith({ metadata: 3 }).receive(FRAME.EVENT, FLAG.METADATA, 0, 0, 0, 4, 'abcd')).toThrow(
      'metadata of 4 bytes, where 3 are taken (limit "metadata")',
    );
  });
});

test('other frames are none of the events', () => {
  for (const type of [
    FRAME.ANSWER,
    FRAME.ERROR,
    FRAME.HEADER,
    FRAME.ITEMS,
    FRAME.ITEM,
    FRAME.END,
    FRAME.CANCEL,
    FRAME.STOP,
  ]) {
    expect(() => endWith().receive(type, 0, new Uint8Array(20))).toThrow('for the events, which are none');
  }
});

describe('the credit of events', () => {
  test('that nobody handles comes back at once, a quarter of all of it at a time', () => {
    const end = endWith();
    end.event(WINDOW / 4 - COST - 1);
    expect(end.credit()).toBe(0);
    end.event(0);
    expect(end.credit()).toBe(WINDOW / 4 - 1 + COST);
  });

  test('that are handled comes back when their handlers have settled, in whatever order', () => {
    const end = endWith();
    for (const size of [500, 600, 700]) end.event(size - COST, HANDLED);
    expect(end.credit()).toBe(0);
    const [first, second, third] = end.came.map(({ settled }) => settled) as [() => void, () => void, () => void];
    third();
    expect(end.credit()).toBe(700);
    first();
    expect(end.credit()).toBe(500);
    second();
    expect(end.credit()).toBe(600);
  });

  test('is held by slow handlers: then there is none', () => {
    const end = endWith();
    end.event(WINDOW - COST, HANDLED);
    expect(end.credit()).toBe(0);
    expect(() => end.event(0)).toThrow('an EVENT for which there was no credit (limit "events")');
  });

  test('covers an event that takes all of it, and no byte more', () => {
    const whole = endWith();
    whole.event(WINDOW - COST);
    expect(whole.credit()).toBe(WINDOW);
    expect(() => endWith().event(WINDOW - COST + 1)).toThrow('no credit');
    const second = endWith();
    second.event(450 - COST);
    expect(second.credit()).toBe(0);
    expect(() => second.event(WINDOW - 450 - COST + 1)).toThrow('no credit');
    const begun = endWith();
    begun.begin(5000, WINDOW - COST);
    expect(begun.credit()).toBe(WINDOW);
    expect(() => begun.chunk(WINDOW + 1, true)).toThrow('no credit');
    expect(() => endWith().begin(5000, WINDOW - COST + 1)).toThrow('no credit');
  });

  test('is not needed and not granted once this end can grant no more', () => {
    const end = endWith();
    end.events.unbound = true;
    for (let i = 0; i < 5; i++) end.event(WINDOW, HANDLED);
    for (const { settled } of end.came) settled();
    expect([end.came.length, end.credit()]).toEqual([5, 0]);
  });

  test('is never refused to a sender that keeps to it, nor ever stuck, whatever it sends and when handlers settle', () => {
    const anySize = fc.integer({ min: 0, max: 5000 });
    const anyEvent = fc.tuple(anySize, fc.constantFrom(HANDLED, UNKNOWN), fc.boolean());
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 20 }), (sent) => {
        const end = endWith();
        let credit = WINDOW;
        const settleAll = (): void => {
          for (const { settled } of end.came.splice(0)) settled();
          credit += end.credit();
        };
        for (const [size, method, later] of sent) {
          // An event needs credit for its beginning. Whoever has too little waits until the handlers have settled.
          if (!later || credit < COST + 1) settleAll();
          expect(credit).toBeGreaterThan(COST);
          let left = size;
          const first = Math.min(left, credit - COST);
          credit -= COST + first;
          left -= first;
          if (left === 0) end.event(size, method);
          else end.begin(size, first, FLAG.RAW, method);
          credit += end.credit();
          while (left > 0) {
            if (credit === 0) settleAll();
            const part = Math.min(left, credit, 700);
            expect(part).toBeGreaterThan(0);
            credit -= part;
            left -= part;
            end.chunk(part, left > 0);
            credit += end.credit();
          }
          expect(credit).toBeLessThanOrEqual(WINDOW);
        }
        settleAll();
        expect(credit).toBeGreaterThan((WINDOW * 3) / 4);
        expect(credit).toBeLessThanOrEqual(WINDOW);
      }),
      { numRuns: 200 },
    );
  });
});
