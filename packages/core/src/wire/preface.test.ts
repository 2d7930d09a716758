import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PREFACE, printable, REFUSAL_BYTES, readPreface, refusal } from './preface.ts';

const REFUSED = Buffer.from('nearcall/1 no: the house is full\n', 'latin1');

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

describe('printable', () => {
  // Any 16-bit unit, so that halves of surrogate pairs come too.
  const anyText = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units));

  test('whatever it is given, only printable ASCII comes out', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.uint8Array()), (foreign) => {
        expect(printable(foreign)).toMatch(/^[\x20-\x7e]*$/);
      }),
      { numRuns: 1000 },
    );
  });

  test('printable ASCII stays as it is', () => {
    const all = Array.from({ length: 0x7f - 0x20 }, (_, i) => String.fromCharCode(0x20 + i)).join('');
    expect(printable(all)).toBe(all);
    expect(printable(bytes(all))).toBe(all);
  });

  test('everything else is escaped so that it can be told apart', () => {
    expect(printable('\n\r\t\0\x7f\x80é€😀')).toBe('\\n\\r\\x09\\x00\\x7f\\x80\\xe9\\u20ac\\ud83d\\ude00');
    expect(printable(Buffer.from([0x16, 0x03, 0x01, 0xff]))).toBe('\\x16\\x03\\x01\\xff');
  });
});

describe('refusal', () => {
  test('it is one line of printable ASCII of at most 512 bytes, whatever the reason', () => {
    const anyReason = fc
      .array(fc.oneof(fc.nat(0xffff), fc.constantFrom(10, 13, 0x41)), { maxLength: 700, size: 'max' })
      .map((units) => String.fromCharCode(...units));
    fc.assert(
      fc.property(anyReason, (why) => {
        const line = refusal(why);
        expect(line.length).toBeLessThanOrEqual(REFUSAL_BYTES);
        expect(line.toString('latin1')).toMatch(/^nearcall\/1 no: [\x20-\x7e]*\n$/);
      }),
      { numRuns: 500 },
    );
  });

  test('a reason that fits is not cut, and one that does not is cut to 512 bytes', () => {
    const room = REFUSAL_BYTES - 'nearcall/1 no: \n'.length;
    expect(refusal('x'.repeat(room)).toString('latin1')).toBe(`nearcall/1 no: ${'x'.repeat(room)}\n`);
    expect(refusal('x'.repeat(room + 1)).toString('latin1')).toBe(`nearcall/1 no: ${'x'.repeat(room)}\n`);
  });

  test('what it says is what the dialer reads', () => {
    expect(readPreface(refusal('café\n'), 'acceptor', false)).toEqual({ kind: 'refused', why: 'caf\\xe9\\n' });
  });
});

describe('readPreface', () => {
  test('the whole preface is accepted, and tells where the rest begins', () => {
    for (const role of ['dialer', 'acceptor'] as const) {
      expect(PREFACE[role]).toHaveLength(16);
      for (const rest of ['', 'x', PREFACE.dialer.toString('latin1')]) {
        const received = Buffer.concat([PREFACE[role], bytes(rest)]);
        expect(readPreface(received, role, false)).toEqual({ kind: 'accepted', rest: 16 });
      }
    }
  });

  test('every part of the preface is incomplete', () => {
    for (const role of ['dialer', 'acceptor'] as const) {
      for (let length = 0; length < 16; length++) {
        expect(readPreface(PREFACE[role].subarray(0, length), role, false)).toEqual({ kind: 'incomplete' });
      }
    }
  });

  test('a mismatch is told at the first byte that differs, alone and with more behind it', () => {
    for (const role of ['dialer', 'acceptor'] as const) {
      for (let at = 0; at < 16; at++) {
        for (let byte = 0; byte < 256; byte += byte < 0x80 ? 1 : 25) {
          // There the acceptor may begin a refusal.
          const refuses = role === 'acceptor' && at === 11 && byte === 0x6e;
          if (byte === PREFACE[role][at] || refuses) continue;
          const begun = Buffer.concat([PREFACE[role].subarray(0, at), Buffer.of(byte)]);
          expect(readPreface(begun, role, false)).toEqual({ kind: 'foreign', at });
          expect(readPreface(Buffer.concat([begun, PREFACE[role]]), role, false)).toEqual({ kind: 'foreign', at });
        }
      }
    }
  });

  test('neither end takes the preface of its own side', () => {
    expect(readPreface(PREFACE.dialer, 'acceptor', false)).toEqual({ kind: 'foreign', at: 11 });
    expect(readPreface(PREFACE.acceptor, 'dialer', false)).toEqual({ kind: 'foreign', at: 11 });
  });

  test('a refusal is incomplete up to its line feed, wherever it is cut', () => {
    for (let length = 12; length < REFUSED.length; length++) {
      expect(readPreface(REFUSED.subarray(0, length), 'acceptor', false), `of ${length}`).toEqual({
        kind: 'incomplete',
      });
    }
    expect(readPreface(REFUSED, 'acceptor', false)).toEqual({ kind: 'refused', why: 'the house is full' });
  });

  test('what comes behind the line of a refusal is no part of it', () => {
    const received = Buffer.concat([REFUSED, bytes('more\n')]);
    expect(readPreface(received, 'acceptor', false)).toEqual({ kind: 'refused', why: 'the house is full' });
  });

  test('a refusal whose sender ended is read as far as it came', () => {
    for (let length = 'nearcall/1 no: '.length; length < REFUSED.length; length++) {
      const result = readPreface(REFUSED.subarray(0, length), 'acceptor', true);
      expect(result).toEqual({ kind: 'refused', why: 'the house is full'.slice(0, length - 15) });
    }
  });

  test('a dialer cannot refuse', () => {
    expect(readPreface(REFUSED, 'dialer', false)).toEqual({ kind: 'foreign', at: 11 });
  });

  test('a refusal that never ends is read to 512 bytes, whether it comes at once or byte by byte', () => {
    const endless = Buffer.concat([bytes('nearcall/1 no: '), Buffer.alloc(5000, 0x61)]);
    const why = 'a'.repeat(REFUSAL_BYTES - 15);
    expect(readPreface(endless.subarray(0, REFUSAL_BYTES - 1), 'acceptor', false)).toEqual({ kind: 'incomplete' });
    expect(readPreface(endless.subarray(0, REFUSAL_BYTES), 'acceptor', false)).toEqual({ kind: 'refused', why });
    expect(readPreface(endless, 'acceptor', false)).toEqual({ kind: 'refused', why });
    const ended = Buffer.concat([endless, bytes('\n')]);
    expect(readPreface(ended, 'acceptor', false)).toEqual({ kind: 'refused', why });
  });

  test('what a refusal says is made printable', () => {
    const received = bytes('nearcall/1 no: \x1b[31mred\xff\n');
    expect(readPreface(received, 'acceptor', false)).toEqual({ kind: 'refused', why: '\\x1b[31mred\\xff' });
  });
});
