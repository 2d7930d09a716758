import { type Kind, streamsInput, streamsOutput } from '../src/contract/kind.ts';
import { EVENTS_CALL, FLAG, FRAME, frameName } from '../src/wire/frame.ts';
import type { Limits } from '../src/wire/limits.ts';
import type { Side } from './agenda.ts';
import type { Frame } from './frame-cutter.ts';

/** What a frame that carries an item or event costs besides its bytes. */
const ITEM_COST = 64;

/** One direction of a call, or the events of one direction. */
interface Half {
  /** What its sender may still send, as far as the keeper of the ledger knows. */
  credit: number;
  /** What is under way in chunks. */
  under: 'part' | 'last' | undefined;
  /** What is still to come of it. */
  lacks: number;
  closed: boolean;
}

/** One call as one side knows it. */
interface Entry {
  /** Whether this side has opened it. */
  readonly mine: boolean;
  readonly sends: Half;
  readonly receives: Half;
}

/** What one side may say by PROTOCOL.md, kept from nothing but the frames that it has sent and those it has got. */
export class Ledger {
  readonly #side: Side;
  readonly #mine: Limits;
  readonly #theirs: Limits;
  readonly #broke: (what: string) => void;
  /** What has come of a frame that is not whole: it may have been used already. */
  readonly #early: () => number;
  readonly #calls = new Map<number, Entry>();
  readonly #kinds: readonly [mine: Kind[], theirs: Kind[]] = [[], []];
  readonly #eventsOut: Half;
  readonly #eventsIn: Half;
  /** The other end has ended its side: it can grant no more. Or this one has, and cannot. */
  #sendsFree = false;
  #receivesFree = false;
  /** How many slots have become free of late. */
  #freed = 0;

  constructor(side: Side, mine: Limits, theirs: Limits, early: () => number, broke: (what: string) => void) {
    this.#side = side;
    this.#mine = mine;
    this.#theirs = theirs;
    this.#early = early;
    this.#broke = broke;
    this.#eventsOut = half(theirs.events);
    this.#eventsIn = half(mine.events);
  }

  /** How many calls of this side hold a slot for certain: their last frame has not come. */
  get leastSlots(): number {
    return this.#count(({ mine, receives }) => mine && !receives.closed);
  }

  /** How many may have held one before what has just come was taken in. */
  get mostSlots(): number {
    return this.#count(({ mine }) => mine) + this.#freed;
  }

  /** Bytes are about to come. */
  hear(): void {
    this.#freed = 0;
  }

  /** How many calls of the other end this side has not answered. */
  get unanswered(): number {
    return this.#count(({ mine, sends }) => !mine && !sends.closed);
  }

  /** The other end's end of file has come. */
  heardTheEnd(): void {
    this.#sendsFree = true;
  }

  /** This side has ended. */
  ended(): void {
    this.#receivesFree = true;
  }

  /** This side hands a frame to its transport. */
  sent(frame: Frame): void {
    const { type, call, payload } = frame;
    // What the other end states in its HELLO holds for whatever comes behind it.
    if (type >= FRAME.REQUEST && payload.length > this.#theirs.chunk) this.#break('framesFit', frame);
    if (type === FRAME.CREDIT) return this.#granted(frame);
    if (type === FRAME.REQUEST) this.#request(frame, true);
    this.#pass(frame, true);
    const entry = this.#calls.get(call);
    if (entry !== undefined) this.#freeIfOver(call, entry);
  }

  /** This side gets a frame. */
  got(frame: Frame): void {
    const { type, call, payload } = frame;
    if (type === FRAME.CREDIT) {
      const sends = call === EVENTS_CALL ? this.#eventsOut : this.#calls.get(call)?.sends;
      if (sends !== undefined && payload.length >= 4) sends.credit += payload.readUInt32BE(0);
      return;
    }
    if (type === FRAME.REQUEST) this.#request(frame, false);
    this.#pass(frame, false);
    const entry = this.#calls.get(call);
    if (entry !== undefined) this.#freeIfOver(call, entry);
  }

  #count(which: (entry: Entry) => boolean): number {
    let count = 0;
    for (const entry of this.#calls.values()) if (which(entry)) count++;
    return count;
  }

  #request(frame: Frame, mine: boolean): void {
    const { call, payload, flags } = frame;
    if (mine && (this.#calls.has(call) || call >>> 1 >= this.#theirs.calls)) this.#break('slotsAreKept', frame);
    const kind = payload.length < 2 ? undefined : this.#kinds[mine ? 0 : 1][payload.readUInt16BE(0)];
    if (kind === undefined) return;
    const [caller, callee] = mine ? [this.#mine, this.#theirs] : [this.#theirs, this.#mine];
    const input = half(streamsInput(kind) ? callee.window : 0);
    const output = half(streamsOutput(kind) ? caller.window : 0);
    const more = (flags & FLAG.MORE) !== 0;
    if (!streamsInput(kind)) [input.closed, input.under] = more ? [false, 'last'] : [true, undefined];
    input.lacks = lacksOf(frame);
    this.#calls.set(call, { mine, sends: mine ? input : output, receives: mine ? output : input });
  }

  /** A frame goes along one half of its call. */
  #pass(frame: Frame, out: boolean): void {
    const { type, call, payload } = frame;
    if (type === FRAME.METHOD && payload.length > 2) {
      this.#kinds[out ? 0 : 1][payload.readUInt16BE(0)] = payload[2] as Kind;
      return;
    }
    const events = out ? this.#eventsOut : this.#eventsIn;
    const entry = this.#calls.get(call);
    const along = call === EVENTS_CALL ? events : out ? entry?.sends : entry?.receives;
    if (along === undefined || type < FRAME.REQUEST) return;
    along.credit -= costOf(frame);
    if (out && along.credit < 0 && !this.#sendsFree) this.#break('creditIsKept', frame);
    step(along, frame);
  }

  #granted(frame: Frame): void {
    const { call, payload } = frame;
    const entry = this.#calls.get(call);
    const served = call !== EVENTS_CALL && (call & 1) !== this.#side;
    if (served && entry?.sends.closed !== false) return this.#break('creditIsMeant', frame);
    const receives = call === EVENTS_CALL ? this.#eventsIn : entry?.receives;
    if (receives === undefined) return;
    receives.credit += payload.readUInt32BE(0);
    // One message gets credit for what is missing of it, and for no more.
    const { under, lacks } = receives;
    const most = call === EVENTS_CALL ? this.#mine.events : under === 'last' ? lacks : this.#mine.window;
    if (receives.credit > most + this.#early() && !this.#receivesFree) this.#break('creditIsBounded', frame);
  }

  #freeIfOver(call: number, { mine, sends, receives }: Entry): void {
    if (!sends.closed || !receives.closed) return;
    this.#calls.delete(call);
    if (mine) this.#freed++;
  }

  #break(name: string, { type, call, payload }: Frame): void {
    this.#broke(`${name}: ${frameName(type)} for the call ${call}, of ${payload.length} bytes`);
  }
}

function half(credit: number): Half {
  return { credit, under: undefined, lacks: 0, closed: false };
}

function step(along: Half, frame: Frame): void {
  const { type, flags, payload } = frame;
  const more = (flags & FLAG.MORE) !== 0;
  if (type === FRAME.CHUNK) along.lacks -= payload.length;
  else if (type === FRAME.ANSWER) along.lacks = lacksOf(frame);
  if (type === FRAME.END || type === FRAME.ERROR || type === FRAME.CANCEL) along.closed = true;
  else if (type === FRAME.ANSWER) [along.closed, along.under] = more ? [false, 'last'] : [true, undefined];
  else if (type === FRAME.ITEM || type === FRAME.EVENT) along.under = more ? 'part' : undefined;
  else if (type === FRAME.CHUNK && !more) [along.closed, along.under] = [along.under === 'last', undefined];
}

/** What is missing of a message behind its first frame. */
function lacksOf({ type, flags, payload }: Frame): number {
  if ((flags & FLAG.MORE) === 0) return 0;
  let at = type === FRAME.REQUEST ? 2 : 0;
  if ((flags & FLAG.DEADLINE) !== 0) at += 4;
  if ((flags & FLAG.NESTED) !== 0) at += 1;
  if ((flags & FLAG.METADATA) !== 0) at += 2 + payload.readUInt16BE(at);
  return Number(payload.readBigUInt64BE(at)) - (payload.length - at - 8);
}

function costOf({ type, flags, payload }: Frame): number {
  const total = (flags & FLAG.MORE) !== 0 ? 8 : 0;
  switch (type) {
    case FRAME.CHUNK:
      return payload.length;
    case FRAME.ITEM:
      return ITEM_COST + payload.length - total;
    case FRAME.ITEMS:
      return payload.length + ITEM_COST * countOf(payload);
    case FRAME.EVENT: {
      const metadata = (flags & FLAG.METADATA) !== 0 ? 2 + payload.readUInt16BE(2) : 0;
      return ITEM_COST + payload.length - 2 - metadata - total;
    }
    default:
      return 0;
  }
}

/** The number of items that an array of msgpack holds. */
function countOf(payload: Buffer): number {
  const first = payload[0] ?? 0;
  if (first === 0xdc) return payload.readUInt16BE(1);
  return first === 0xdd ? payload.readUInt32BE(1) : first & 0x0f;
}
