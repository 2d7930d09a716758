import type { Random } from '../sim/random.ts';
import { FLAG, FRAME } from '../src/wire/frame.ts';
import { FrameDecoder } from '../src/wire/frame-decoder.ts';
import { ProtocolError } from '../src/wire/protocol-error.ts';
import { attempt } from './judged.ts';
import { mutate, randomBytes } from './mutate.ts';
import { REFUSED } from './reference-reader.ts';
import { promise, type Target } from './target.ts';
import { FRAMES } from './vectors.ts';

/** A stream of bytes, cut into frames: the same ones, however the bytes come. */
export const framesTarget: Target = {
  name: 'frames',
  share: 10,
  run(random, trace) {
    const bytes = makeFrames(random);
    const most = random.pick([16, 100, 1024, 65_536]);
    trace(() => `payloads of ${most} at most: ${bytes.toString('hex')}`);
    const expected = cut(bytes, most);
    const pieces = random.pick([
      () => [bytes],
      () => [...bytes].map((byte) => Buffer.of(byte)),
      () => cuts(random, bytes),
    ])();
    const given: Seen = { frames: [], rest: 0, broken: false };
    const decoder = new FrameDecoder(most, {
      frame: (type, flags, call, part, start, end) => {
        add(given.frames, { type, flags, call, payload: Buffer.from(part.subarray(start, end)).toString('hex') });
      },
    });
    for (const piece of pieces) {
      const memory = Buffer.from(piece);
      given.broken = attempt(ProtocolError, () => decoder.push(memory)) === REFUSED;
      // A transport may read into the same memory again.
      memory.fill(0xff);
      if (given.broken) break;
    }
    promise(given.broken === expected.broken, 'refusesLengths', () => `broken: ${given.broken}`);
    if (!given.broken) {
      promise(decoder.unfinished === expected.rest > 0, 'knowsWhatIsUnfinished', () => `${decoder.unfinished}`);
    }
    const [seen, meant] = [whole(given.frames), whole(expected.frames)];
    // Of a CHUNK that is not whole its beginning may have been given, which may have gone on another one.
    const last = seen.at(-1);
    if (expected.rest > 0 && last?.type === FRAME.CHUNK) {
      const own = meant[seen.length - 1];
      if (own === undefined) seen.pop();
      else if (last.payload.startsWith(own.payload)) seen[seen.length - 1] = { ...last, payload: own.payload };
    }
    promise(JSON.stringify(seen) === JSON.stringify(meant), 'givesEachFrame', () => JSON.stringify({ seen, meant }));
    return bytes.length;
  },
};

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly call: number;
  readonly payload: string;
}

interface Seen {
  readonly frames: Frame[];
  rest: number;
  broken: boolean;
}

function makeFrames(random: Random): Buffer {
  if (random.chance(0.05)) return randomBytes(random, random.below(40));
  const parts: Buffer[] = [];
  for (let left = random.between(1, 5); left > 0; left--) {
    parts.push(random.chance(0.4) ? random.pick(FRAMES) : makeFrame(random));
  }
  const bytes = Buffer.concat(parts);
  return random.chance(0.4) ? mutate(random, bytes, FRAMES) : bytes;
}

function makeFrame(random: Random): Buffer {
  const payload = randomBytes(random, random.pick([0, 1, 4, 15, 16, 17, 54, 64, 100, 101]));
  const header = Buffer.alloc(10);
  const lie = random.chance(0.05) ? random.pick([-7, -1, 1, 1000, 0x7fff_0000]) : 0;
  header.writeUInt32BE(Math.max(0, 6 + payload.length + lie));
  header[4] = random.chance(0.5) ? FRAME.CHUNK : random.below(0x1c);
  header[5] = random.pick([0, FLAG.MORE, 0xff]);
  header.writeUInt32BE(random.below(8), 6);
  return Buffer.concat([header, payload]);
}

export function cuts(random: Random, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  const most = random.pick([3, 12, 60, 300]);
  for (let at = 0; at < bytes.length; ) {
    const to = Math.min(bytes.length, at + random.between(1, most));
    pieces.push(bytes.subarray(at, to));
    at = to;
  }
  return pieces;
}

function cut(bytes: Buffer, most: number): Seen {
  const seen: Seen = { frames: [], rest: 0, broken: false };
  let at = 0;
  while (bytes.length - at >= 4) {
    const length = bytes.readUInt32BE(at);
    seen.broken = length < 6 || length - 6 > most;
    if (seen.broken) return seen;
    if (bytes.length - at - 4 < length) break;
    const frame = bytes.subarray(at + 4, at + 4 + length);
    const [type, flags] = [frame[0] as number, frame[1] as number];
    add(seen.frames, { type, flags, call: frame.readUInt32BE(2), payload: frame.toString('hex', 6) });
    at += 4 + length;
  }
  seen.rest = bytes.length - at;
  return seen;
}

function add(frames: Frame[], frame: Frame): void {
  frames.push(frame);
}

/** A CHUNK that another one follows means the same as both in one. */
function whole(frames: readonly Frame[]): Frame[] {
  const merged: Frame[] = [];
  for (const frame of frames) {
    const last = merged.at(-1);
    const goesOn = last?.type === FRAME.CHUNK && (last.flags & FLAG.MORE) !== 0;
    const fits =
      frame.type === FRAME.CHUNK && last?.call === frame.call && (last.flags | FLAG.MORE) === (frame.flags | FLAG.MORE);
    if (goesOn && fits) merged[merged.length - 1] = { ...frame, payload: last.payload + frame.payload };
    else merged.push(frame);
  }
  return merged;
}
