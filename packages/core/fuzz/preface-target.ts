import type { Random } from '../sim/random.ts';
import { PREFACE, type PrefaceResult, type Role, readPreface } from '../src/wire/preface.ts';
import { mutate, randomBytes } from './mutate.ts';
import { same } from './same.ts';
import { promise, type Target } from './target.ts';
import { PREFACES } from './vectors.ts';

/** The first bytes of a stranger. */
export const prefaceTarget: Target = {
  name: 'preface',
  share: 4,
  run(random, trace) {
    const bytes = makePreface(random);
    const from: Role = random.pick(['dialer', 'acceptor']);
    trace(() => `from ${from}: ${bytes.toString('hex')}`);
    const whole = readPreface(bytes, from, false);
    promise(same(whole, expected(bytes, from, false)), 'judgesPrefaces', () => JSON.stringify(whole));
    const ended = readPreface(bytes, from, true);
    promise(same(ended, expected(bytes, from, true)), 'judgesPrefaces', () => `at the end ${JSON.stringify(ended)}`);
    // Whatever is known of the first bytes stays as it is when more come.
    const part = readPreface(bytes.subarray(0, random.below(bytes.length + 1)), from, false);
    promise(part.kind === 'incomplete' || same(part, whole), 'staysAsItIs', () => JSON.stringify(part));
    return bytes.length;
  },
};

function makePreface(random: Random): Buffer {
  switch (random.below(4)) {
    case 0:
      return randomBytes(random, random.below(30));
    case 1: {
      const refusal = Buffer.from('nearcall/1 no: ');
      const length = random.pick([0, 1, 20, 495, 496, 497, 600]);
      const text = random.chance(0.5) ? randomBytes(random, length) : Buffer.alloc(length, 'why ');
      return Buffer.concat([refusal, text, random.chance(0.7) ? Buffer.of(0x0a) : Buffer.alloc(0)]);
    }
    default:
      return mutate(random, random.pick(PREFACES), PREFACES);
  }
}

/** The same, in the words of PROTOCOL.md. */
function expected(bytes: Buffer, from: Role, ended: boolean): PrefaceResult {
  const greeting = PREFACE[from];
  if (bytes.subarray(0, greeting.length).equals(greeting)) return { kind: 'accepted', rest: greeting.length };
  const start = Buffer.from('nearcall/1 no: ');
  if (from === 'acceptor' && bytes.subarray(0, start.length).equals(start)) {
    const line = bytes.subarray(0, 512);
    const feed = line.indexOf(0x0a);
    if (feed < 0 && !ended && bytes.length < 512) return { kind: 'incomplete' };
    const why = line.subarray(start.length, feed < 0 ? line.length : feed);
    const escaped = [...why].map((byte) => {
      if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
      return byte === 0x0d ? '\\r' : `\\x${byte.toString(16).padStart(2, '0')}`;
    });
    return { kind: 'refused', why: escaped.join('') };
  }
  const begins = (line: Buffer): boolean => bytes.length < line.length && line.subarray(0, bytes.length).equals(bytes);
  if (begins(greeting) || (from === 'acceptor' && begins(start))) return { kind: 'incomplete' };
  return { kind: 'foreign', at: greeting.findIndex((byte, i) => byte !== bytes[i]) };
}
