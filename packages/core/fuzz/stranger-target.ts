import type { Random } from '../sim/random.ts';
import { Budget, type Budgets } from '../src/connection/budget.ts';
import { RpcError } from '../src/error/rpc-error.ts';
import { FRAME } from '../src/wire/frame.ts';
import { encodeHello } from '../src/wire/hello.ts';
import { type Limits, limitsWith } from '../src/wire/limits.ts';
import { PREFACE, type Role } from '../src/wire/preface.ts';
import { bytesOf, framesIn, unfinishedType } from './frame-bytes.ts';
import { cuts } from './frames-target.ts';
import type { Frame } from './half-model.ts';
import { type Connect, connect, Honest } from './honest.ts';
import { FrameMaker } from './make-frame.ts';
import { Model } from './model.ts';
import { mutate, randomBytes } from './mutate.ts';
import type { Party } from './party.ts';
import { Broken, promise, type Target } from './target.ts';
import { FRAMES, SPEECHES } from './vectors.ts';

/**
 * A connection whose other end says whatever it likes, from the first byte on. What it does to this end is the same
 * however its bytes are cut, and costs no more than it has sent.
 */
export function strangerTarget(make: Connect = connect): Target {
  return {
    name: 'stranger',
    share: 10,
    run(random, trace) {
      const me: Party = random.pick([0, 1] as const);
      const limits = someLimits(random);
      const bytes = makeBytes(random, me, limits);
      trace(() => `${ROLES[me]} to one that takes ${JSON.stringify(limits)}: ${bytes.toString('hex')}`);
      const ends = random.chance(0.5);
      const [whole, pieces] = [
        [bytes],
        random.chance(0.2) ? [...bytes].map((byte) => Buffer.of(byte)) : cuts(random, bytes),
      ];
      const one = play(whole, me, limits, ends, make);
      const other = play(pieces, me, limits, ends, make);
      // Of one that takes more than it is granted it may be seen a little sooner or later, as may what is wrong with a
      // CHUNK whose end has not come yet.
      const inChunk = unfinishedType(bytes.subarray(PREFACE[ROLES[me]].length)) === FRAME.CHUNK;
      if (!one.overdrawn && !other.overdrawn && !inChunk) {
        promise(one.told === other.told, 'anyCutIsTheSame', () => `${one.told}\nor, in pieces, ${other.told}`);
        promise(one.sent === other.sent, 'anyCutIsTheSame', () => `${one.sent}\nor, in pieces, ${other.sent}`);
      }
      return bytes.length;
    },
  };
}

const ROLES: readonly [Role, Role] = ['dialer', 'acceptor'];

/** An answer, or the reason why there is none, takes so many bytes at most. */
const MOST_FOR_A_FRAME = 1500;

/** What became of this end. */
interface Played {
  /** What its host was told, and what it was told last. */
  readonly told: string;
  /** What it sent, but for credit: that may be granted in other parts. */
  readonly sent: string;
  readonly overdrawn: boolean;
}

function play(pieces: readonly Buffer[], hostile: Party, limits: Limits, ends: boolean, make: Connect): Played {
  const budgets: Budgets = { calls: new Budget(1000), queued: new Budget(2 ** 20) };
  const honest = new Honest(ROLES[hostile === 0 ? 1 : 0], limits, budgets, make, 'answers');
  const { connection } = honest;
  let fed = 0;
  try {
    for (const piece of pieces) {
      const memory = Buffer.from(piece);
      connection.receive(memory);
      // A transport may read into the same memory again.
      memory.fill(0xff);
      fed += piece.length;
    }
    if (ends) connection.ended();
  } catch (error) {
    if (error instanceof Broken) throw error;
    throw new Broken(`receiveNeverThrows: ${error instanceof Error ? error.stack : String(error)}`);
  }
  const told = `${honest.told.join(', ')}; ${connection.phase}: ${why(honest.closed)}`;
  const sent = taken(connection);
  const frames = fed / 10 + 3;
  promise(sent.length < MOST_FOR_A_FRAME * frames, 'answersShortly', () => `${sent.length} bytes for ${fed}`);
  if (connection.phase !== 'closed') connection.abort(new RpcError('UNAVAILABLE', 'The test is over.'));
  taken(connection);
  honest.judge();
  const { calls, queued } = budgets;
  promise(calls.used === 0 && queued.used === 0, 'givesBudgetsBack', () => `${calls.used}, ${queued.used}`);
  return { told, sent: inShort(sent), overdrawn: /no credit/.test(honest.closed?.message ?? '') };
}

/** Why it is over, but for what depends on how much has been seen. */
function why(closed: RpcError | undefined): string {
  if (closed === undefined) return 'not over';
  return closed.code === 'UNAVAILABLE' ? closed.code : closed.message.replace(/a frame \(\w+\) with/, 'a frame with');
}

function taken(connection: Honest['connection']): Buffer {
  const pieces: Uint8Array[] = [];
  for (let piece = connection.take(); piece !== undefined; piece = connection.take()) pieces.push(piece);
  return Buffer.concat(pieces);
}

function inShort(sent: Buffer): string {
  const greeting = sent.toString('latin1', 0, 15);
  if (greeting === 'nearcall/1 no: ') return greeting;
  const parts = framesIn(sent.subarray(16)).map((frame) => {
    if (frame.type === FRAME.CREDIT) return '';
    return frame.type === FRAME.GOAWAY ? 'GOAWAY' : bytesOf(frame).toString('hex');
  });
  return `${greeting} ${parts.join('')}`;
}

function makeBytes(random: Random, me: Party, limits: Limits): Buffer {
  const hello = Buffer.from(encodeHello({ limits: limitsWith(), services: [], features: [] }));
  const greeting = [PREFACE[ROLES[me]], bytesOf({ type: FRAME.HELLO, flags: 0, call: 0, payload: hello })];
  switch (random.below(8)) {
    case 0:
      return randomBytes(random, random.below(40));
    case 1:
      return mutate(random, random.pick(SPEECHES), FRAMES);
    case 2:
      return mutate(random, Buffer.concat(greeting), SPEECHES);
    case 3:
      return Buffer.concat([...greeting, randomBytes(random, random.below(60))]);
    case 4:
      return Buffer.concat([...greeting, ...Array.from({ length: random.below(12) }, () => random.pick(FRAMES))]);
    default: {
      const said = Buffer.concat(frames(random, me, limits).map(bytesOf));
      const changed = random.chance(0.6) ? said : mutate(random, said, FRAMES);
      return Buffer.concat([...greeting, changed]);
    }
  }
}

/** A session of one that is never answered. */
function frames(random: Random, me: Party, limits: Limits): Frame[] {
  const both: [Limits, Limits] = me === 0 ? [limitsWith(), limits] : [limits, limitsWith()];
  const model = new Model(both);
  const maker = new FrameMaker(random, model, me, random.pick([0, 0.02]));
  const said: Frame[] = [];
  for (let left = random.pick([3, 10, 30]); left > 0; left--) {
    const frame = maker.frame();
    said.push(frame);
    if (model.judge(me, frame) === 'wrong') break;
  }
  return said;
}

function someLimits(random: Random): Limits {
  return limitsWith({
    chunk: random.pick([1024, 65_536]),
    window: random.pick([1024, 2 ** 18]),
    events: random.pick([1024, 2 ** 18]),
    calls: random.pick([2, 1024]),
  });
}
