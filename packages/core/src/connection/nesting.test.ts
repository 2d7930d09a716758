import { describe, expect, test } from 'vitest';
import { KIND } from '../contract/kind.ts';
import { FLAG, FRAME } from '../wire/frame.ts';
import { Asked, alone } from './test-by-hand.ts';
import { u32, u64 } from './test-frames.ts';
import { frame, inShort, itemsFrame, METHODS, says, u16 } from './test-stream-frames.ts';
import { TwoEnds } from './test-two-ends.ts';

const { NESTED, DEADLINE, METADATA, MORE } = FLAG;
const KINDS = ['unary', 'serverStream', 'clientStream', 'duplex'] as const;

describe('a call that is nested', () => {
  test('says so in one byte behind its deadline, and one that is not says nothing', () => {
    const end = alone({ role: 'dialer' });
    end.ask('unary', 5, { nesting: 0 });
    end.ask('unary', 5, { nesting: 255 });
    end.ask('unary', 5);
    const call = Object.assign(new Asked(), { nesting: 3 });
    end.connection.exchange.request(call, end.route(KIND.unary, 'unary'), 5, 1000);
    const requests = end.sent().filter(({ type }) => type === FRAME.REQUEST);
    expect(requests.map(({ flags }) => flags)).toEqual([0, NESTED, 0, NESTED | DEADLINE]);
    expect(requests.map(({ payload }) => payload.toString('hex'))).toEqual([
      '000005',
      '0000ff05',
      '000005',
      '0000000003e80305',
    ]);
  });

  test('tells the other end how deep it is, whatever its kind and whatever stands beside it', () => {
    const ends = new TwoEnds();
    for (const kind of KINDS) {
      for (const nesting of [0, 1, 64]) {
        const input = kind === 'unary' ? 'x'.repeat(3000) : 1;
        const call = ends.near.ask(kind, input, { nesting, metadata: Buffer.of(0x81, 0xa1, 0x61, 0xa1, 0x62) });
        ends.run();
        const request = ends.far.request(call.id);
        expect([request.nesting, { ...request.metadata }]).toEqual([nesting, { a: 'b' }]);
        if (kind === 'unary' || kind === 'serverStream') expect(request.input).toBe(input);
      }
    }
  });

  test('is told how long it may take, and how deep it is, in this order', () => {
    const end = alone();
    const fields = [u16(0), u32(1500), 7, u16(5), Buffer.of(0x81, 0xa1, 0x61, 0xa1, 0x62), 5];
    end.receive(METHODS, frame(FRAME.REQUEST, 0, fields, DEADLINE | NESTED | METADATA));
    const { timeLeft, nesting, metadata, input } = end.request(0);
    expect([timeLeft, nesting, { ...metadata }, input]).toEqual([1500, 7, { a: 'b' }, 5]);
  });

  test.each(KINDS)('as deep as is taken is served, and one deeper is turned away before it runs: %s', (kind) => {
    for (const [most, depth, served] of [
      [64, 64, true],
      [64, 65, false],
      [0, 0, true],
      [0, 1, false],
      [255, 255, true],
      [3, 255, false],
    ] as const) {
      const end = alone({ local: { nesting: most } });
      end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(KIND[kind]), depth, 5], NESTED));
      expect(end.told).toEqual(served ? ['request 0'] : []);
      if (served) continue;
      const [error] = end.sent();
      expect(says(error)).toEqual({
        code: 8,
        message: `Nested in ${depth} calls, where ${most} are taken (limit "nesting").`,
        ran: false,
      });
      // What comes of its input is passed over.
      if (kind === 'clientStream' || kind === 'duplex') end.receive(itemsFrame(0, 1), frame(FRAME.END, 0));
      expect([end.open, end.closed]).toEqual([[0, 0], []]);
    }
  });

  test('too deep, with a long request, takes what was on its way and gives no credit for it', () => {
    const end = alone({ local: { nesting: 1, chunk: 1024, window: 1024 } });
    end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(0), 2, u64(3000), 1], NESTED | MORE));
    expect(end.sent().map((sent) => inShort(sent).split(' ')[0])).toEqual(['ERROR']);
    expect(end.open).toEqual([0, 1]);
    end.receive(frame(FRAME.CANCEL, 0, [1]));
    expect([end.open, end.closed]).toEqual([[0, 0], []]);
  });

  test('without the byte that it announces breaks the protocol', () => {
    const end = alone();
    end.receive(METHODS, frame(FRAME.REQUEST, 0, [u16(0)], NESTED));
    expect(end.closed[0]?.message).toContain('a frame too short');
  });
});
