import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Assembly } from './assembly.ts';

const MIB = 1024 * 1024;

test('however a message is cut, its parts make the message, and what is missing is always told', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500, size: 'max' }), fc.array(fc.nat(500)), (message, cuts) => {
      const places = [...cuts.filter((place) => place < message.length).sort((a, b) => a - b), message.length];
      const source = Buffer.from(message);
      const assembly = new Assembly(message.length, true, source.subarray(0, places[0]));
      for (const [i, place] of places.entries()) {
        if (i > 0) assembly.append(source.subarray(places[i - 1], place));
        expect(assembly.missing).toBe(message.length - place);
        expect(Buffer.compare(assembly.bytes, message.subarray(0, place))).toBe(0);
      }
      // The chunks lie in memory that is read into again.
      source.fill(0xee);
      expect(Buffer.compare(assembly.bytes, message)).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test('memory grows with what has come, not with what was announced', () => {
  const before = process.memoryUsage().arrayBuffers;
  const assemblies = Array.from({ length: 50 }, () => new Assembly(1024 * MIB, true, new Uint8Array(1000)));
  for (const assembly of assemblies) assembly.append(new Uint8Array(1000));
  expect(assemblies.every((assembly) => assembly.missing === 1024 * MIB - 2000)).toBe(true);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MIB);
});

test('a message that came in parts is not held in more memory than its length', () => {
  const total = 3 * 65_536 + 10;
  const assembly = new Assembly(total, true, new Uint8Array(65_536));
  for (let i = 0; i < 2; i++) assembly.append(new Uint8Array(65_536));
  assembly.append(new Uint8Array(10));
  expect(assembly.missing).toBe(0);
  expect(assembly.bytes.buffer.byteLength).toBe(total);
});

test('a message whose first frame held nothing of it comes whole', () => {
  const assembly = new Assembly(3, false, new Uint8Array(0));
  assembly.append(Uint8Array.of(1));
  assembly.append(Uint8Array.of(2, 3));
  expect([...assembly.bytes]).toEqual([1, 2, 3]);
});
