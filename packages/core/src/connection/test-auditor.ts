/** Holds what crosses the wire to PROTOCOL.md, by accounts and states of its own. No part of the package. */
import { type Kind, streamsInput, streamsOutput } from '../contract/kind.ts';
import { EVENTS_CALL, FLAG, FRAME } from '../wire/frame.ts';
import type { Limits } from '../wire/limits.ts';
import { inShort, type Sent } from './test-stream-frames.ts';

/** What one end knows of a half that it sends or reads. */
interface Half {
  state: 'OPEN' | 'ITEM' | 'FINAL' | 'CLOSED';
  /** What its sender may still send. */
  account: number;
  /** The bytes that the message under way still lacks. */
  lacks: number;
}

interface Seen {
  readonly kind: Kind;
  readonly sends: Half;
  readonly reads: Half;
}

interface Party {
  /** What the other end takes. */
  readonly remote: Limits;
  readonly parity: 0 | 1;
  /** The kinds of the methods that it has named. */
  readonly kinds: Kind[];
  readonly calls: Map<number, Seen>;
  readonly events: Half;
  /** It has read the other's end of file. */
  unbound: boolean;
}

const PLUS = FLAG.MORE;

/** Both ends of one connection. Each frame is shown to it when it leaves and when it arrives. */
export class Auditor {
  readonly #parties: readonly [dialer: Party, acceptor: Party];

  constructor(dialer: Limits, acceptor: Limits) {
    const party = (parity: 0 | 1, remote: Limits): Party => ({
      remote,
      parity,
      kinds: [],
      calls: new Map(),
      events: { state: 'OPEN', account: remote.events, lacks: 0 },
      unbound: false,
    });
    this.#parties = [party(0, acceptor), party(1, dialer)];
  }

  /** This end has read the other's end of file, and may send without account. */
  ended(parity: 0 | 1): void {
    this.#parties[parity].unbound = true;
  }

  left(parity: 0 | 1, sent: Sent): void {
    const party = this.#parties[parity];
    const wrong = (why: string): never => {
      throw new Error(`${parity === 0 ? 'dialer' : 'acceptor'} sent ${inShort(sent)}: ${why}`);
    };
    const { type, call } = sent;
    if (sent.payload.length > party.remote.chunk) wrong('longer than a frame may be');
    if (type === FRAME.METHOD) party.kinds.push(sent.payload[2] as Kind);
    if (type < FRAME.REQUEST && type !== FRAME.CREDIT) return;
    if (type === FRAME.REQUEST) this.#request(party, sent, wrong);
    const own = (call & 1) === parity;
    const seen = party.calls.get(call);
    if (call === EVENTS_CALL) {
      if (type === FRAME.CREDIT) return;
      if (type !== FRAME.EVENT && type !== FRAME.CHUNK) wrong('no frame of the events');
      return step(party, party.events, sent, wrong);
    }
    if (type === FRAME.CREDIT || type === FRAME.STOP) {
      // The caller may have granted it before it read the last frame, and the slot is free by now.
      if (!own && (seen === undefined || seen.sends.state === 'CLOSED')) wrong('the callee has ended its half');
      return;
    }
    if (type === FRAME.CANCEL && (seen === undefined || seen.sends.state === 'CLOSED')) return;
    if (seen === undefined) return wrong('no such call');
    const callers = [FRAME.REQUEST, FRAME.END, FRAME.CANCEL] as readonly number[];
    const callees = [FRAME.ANSWER, FRAME.ERROR, FRAME.HEADER] as readonly number[];
    if ((own ? callees : callers).includes(type)) wrong('a frame of the other side');
    if (type === FRAME.ITEM || type === FRAME.ITEMS) {
      if (!(own ? streamsInput : streamsOutput)(seen.kind)) wrong('no stream');
    }
    step(party, seen.sends, sent, wrong);
    forget(party, call, seen);
  }

  reached(parity: 0 | 1, sent: Sent): void {
    const party = this.#parties[parity];
    const other = this.#parties[parity === 0 ? 1 : 0];
    const { type, call } = sent;
    if (type === FRAME.CREDIT) {
      const half = call === EVENTS_CALL ? party.events : party.calls.get(call)?.sends;
      if (half !== undefined) half.account += sent.payload.readUInt32BE();
      return;
    }
    if (type < FRAME.REQUEST || call === EVENTS_CALL || type === FRAME.STOP) return;
    if (type === FRAME.REQUEST) {
      if (party.calls.has(call)) throw new Error(`${inShort(sent)} for a slot that is taken`);
      const kind = other.kinds[sent.payload.readUInt16BE()] as Kind;
      party.calls.set(call, seenOf(kind, streamsOutput(kind) ? party.remote.window : 0));
    }
    const seen = party.calls.get(call);
    if (seen === undefined) {
      if (type === FRAME.CANCEL) return;
      throw new Error(`${inShort(sent)} for a slot that is free`);
    }
    if (closes(sent, seen)) seen.reads.state = 'CLOSED';
    else if (type === FRAME.REQUEST || type === FRAME.ANSWER) seen.reads.state = streams(type, seen) ? 'OPEN' : 'FINAL';
    forget(party, call, seen);
  }

  #request(party: Party, sent: Sent, wrong: (why: string) => never): void {
    const { call, payload } = sent;
    if (party.calls.has(call)) wrong('the slot is taken');
    if ((call & 1) !== party.parity || call >>> 1 >= party.remote.calls) wrong('no slot of its own');
    const kind = party.kinds[payload.readUInt16BE()];
    if (kind === undefined) return wrong('the method has no name');
    party.calls.set(call, seenOf(kind, streamsInput(kind) ? party.remote.window : 0));
  }
}

function seenOf(kind: Kind, account: number): Seen {
  return {
    kind,
    sends: { state: 'OPEN', account, lacks: 0 },
    reads: { state: 'OPEN', account: 0, lacks: 0 },
  };
}

/** Whether the REQUEST or ANSWER is of a half that is a stream. */
function streams(type: number, { kind }: Seen): boolean {
  return type === FRAME.REQUEST ? streamsInput(kind) : streamsOutput(kind);
}

/** Whether the frame, which has arrived, is the last one of its half. */
function closes({ type, flags }: Sent, seen: Seen): boolean {
  if (type === FRAME.END || type === FRAME.CANCEL || type === FRAME.ERROR) return true;
  const more = (flags & PLUS) !== 0;
  if (type === FRAME.CHUNK) return !more && seen.reads.state === 'FINAL';
  if (type === FRAME.REQUEST) return !more && !streams(type, seen);
  return type === FRAME.ANSWER && !more;
}

function forget(party: Party, call: number, { sends, reads }: Seen): void {
  if (sends.state === 'CLOSED' && reads.state === 'CLOSED') party.calls.delete(call);
}

/** One frame of a half, by the table and the prices of the page. */
function step(party: Party, half: Half, sent: Sent, wrong: (why: string) => never): void {
  const { type, flags, payload, call } = sent;
  const more = (flags & PLUS) !== 0;
  if (half.state === 'CLOSED') wrong('its half is closed');
  if (type === FRAME.CANCEL || type === FRAME.ERROR) {
    half.state = 'CLOSED';
    return;
  }
  if (type === FRAME.CHUNK) {
    if (half.state === 'OPEN') wrong('no message is under way');
    if (payload.length === 0) wrong('empty');
    half.lacks -= payload.length;
    if (half.lacks < 0 || more !== half.lacks > 0) wrong('its parts do not add up');
    if (!more) half.state = half.state === 'ITEM' ? 'OPEN' : 'CLOSED';
    return spend(party, half, payload.length, wrong);
  }
  if (half.state !== 'OPEN') wrong(`its half is in ${half.state}`);
  if (type === FRAME.REQUEST && streamsInput((party.calls.get(call) as Seen).kind)) return;
  if (type === FRAME.END || type === FRAME.HEADER) {
    if (type === FRAME.END) half.state = 'CLOSED';
    return;
  }
  const body = bodyOf(sent);
  if (more && type !== FRAME.ITEMS) {
    const total = Number(payload.readBigUInt64BE(payload.length - body - 8));
    half.lacks = total - body;
    if (half.lacks <= 0) wrong('it is whole already');
  }
  if (type === FRAME.REQUEST || type === FRAME.ANSWER) {
    half.state = more ? 'FINAL' : 'CLOSED';
    return;
  }
  if (more) half.state = 'ITEM';
  const count = type === FRAME.ITEMS ? countOf(payload) : 1;
  if (count === 0) wrong('no item');
  spend(party, half, body + 64 * count, wrong);
}

function spend(party: Party, half: Half, cost: number, wrong: (why: string) => never): void {
  half.account -= cost;
  if (half.account < 0 && !party.unbound) wrong(`${-half.account} bytes more than its credit`);
}

/** The bytes of the body in a frame, behind its fields. */
function bodyOf({ type, flags, payload }: Sent): number {
  let fields = type === FRAME.REQUEST || type === FRAME.EVENT ? 2 : 0;
  if (type === FRAME.REQUEST && (flags & FLAG.DEADLINE) !== 0) fields += 4;
  if (type === FRAME.REQUEST && (flags & FLAG.NESTED) !== 0) fields += 1;
  if ((flags & FLAG.METADATA) !== 0) fields += 2 + payload.readUInt16BE(fields);
  if (type !== FRAME.ITEMS && (flags & PLUS) !== 0) fields += 8;
  return payload.length - fields;
}

function countOf(payload: Buffer): number {
  const first = payload[0] as number;
  if (first >= 0x90 && first < 0xa0) return first & 0x0f;
  return first === 0xdc ? payload.readUInt16BE(1) : payload.readUInt32BE(1);
}
