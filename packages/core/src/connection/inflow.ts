import { decodeBody } from '../wire/body.ts';
import type { Form } from '../wire/form.ts';
import { FLAG, FRAME } from '../wire/frame.ts';
import { countItems, decodeItems } from '../wire/items.ts';
import type { Limits } from '../wire/limits.ts';
import { NOT_PLAIN } from '../wire/plain-reader.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import { Assembly } from './assembly.ts';
import type { Fields } from './fields.ts';
import { type Inbox, writeCredit } from './inbox.ts';
import { ownCopy } from './message-memory.ts';
import type { Outbox } from './outbox.ts';
import { ITEM_COST } from './parcel.ts';

/** What has come of a stream, undecoded: decoded it may take sixty times the memory. */
interface Piece {
  /** The items of a frame, or one item that came in several. */
  readonly content: Uint8Array | Assembly;
  readonly kind: 'items' | 'item' | 'raw';
  /** What it took of the credit, which goes back when it has been read. */
  readonly cost: number;
}

/**
 * The stream that this end receives along one half of a call. What has come waits undecoded until it is read, and only
 * what has been read is granted anew: so it holds a window at most, and one item that is longer.
 */
export class Inflow {
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #limits: Limits;
  readonly #call: number;
  readonly #pieces: Piece[] = [];
  #assembly: Assembly | undefined = undefined;
  /** Whether the long item that is coming gets its credit. */
  #going = false;
  /** What the pieces cost that have come and have not been read to their end. */
  #held = 0;
  /** Of that, the piece that is being read. */
  #reading = 0;
  /** What the sender may still send. */
  #credit: number;
  #wanted = false;
  #left = false;
  #closed = false;

  /** Whether the items that were given last have been checked already, by their form. */
  checked = false;

  /** Called when something has come. */
  onItems: () => void = () => {};

  constructor(outbox: Outbox, inbox: Inbox, limits: Limits, call: number) {
    this.#outbox = outbox;
    this.#inbox = inbox;
    this.#limits = limits;
    this.#call = call;
    this.#credit = limits.window;
  }

  /** Takes an ITEMS, ITEM or CHUNK that may be taken. */
  receive(type: number, flags: number, fields: Fields): void {
    const more = (flags & FLAG.MORE) !== 0;
    const raw = (flags & FLAG.RAW) !== 0;
    if (type === FRAME.CHUNK) return this.#chunk(fields, more);
    const many = type === FRAME.ITEMS;
    if (!many && more) return this.#begin(Assembly.begin(fields, raw, this.#limits));
    const { left: size } = fields;
    const cost = size + ITEM_COST * (many ? Math.max(1, countItems(fields.bytes, fields.at, fields.end)) : 1);
    this.#spend(cost);
    if (this.#left) return this.#grant();
    const kind = many ? 'items' : raw ? 'raw' : 'item';
    // Bytes are copied once: what is kept of them is what their reader gets.
    const content = kind === 'raw' ? ownCopy(fields.bytes, fields.at, fields.end) : Buffer.from(fields.view(size));
    this.#add({ content, kind, cost });
  }

  /**
   * The next items, at least one, or undefined where none are here: then `onItems` tells when there are. Those that it
   * gave before have been read. `form`: what the items are read by, where they have it.
   *
   * @throws Malformed where the bytes are no items within the limits.
   */
  next(form?: Form): unknown[] | undefined {
    this.#held -= this.#reading;
    this.#reading = 0;
    const piece = this.#pieces.shift();
    this.#wanted = piece === undefined;
    if (piece !== undefined) this.#reading = piece.cost;
    else this.#admit();
    this.#grant();
    return piece === undefined ? undefined : this.#decode(piece, form);
  }

  /** Nobody reads any more: what is here is dropped, and what still comes is passed over. */
  leave(): void {
    this.#left = true;
    this.#pieces.length = 0;
    this.#held = 0;
    this.#reading = 0;
    this.#admit();
    this.#grant();
  }

  /** Nothing more will come, or is to be granted: the call is over, this way or that. What is here can be read. */
  close(): void {
    this.#closed = true;
    if (this.#assembly !== undefined) this.#inbox.leave(this.#assembly);
    this.#assembly = undefined;
  }

  #begin(assembly: Assembly): void {
    this.#spend(ITEM_COST + assembly.have);
    if (this.#closed) return;
    this.#assembly = assembly;
    this.#going = false;
    // Not assigned as it stands, as in the inbox: it would hold the item until the whole heap is collected.
    const admitted = (): void => {
      this.#going = true;
      this.#grant();
    };
    assembly.admitted = admitted;
    this.#admit();
    this.#grant();
  }

  #chunk(fields: Fields, more: boolean): void {
    const assembly = this.#assembly;
    const { left: size } = fields;
    if (assembly === undefined) return;
    this.#spend(size);
    if (!assembly.append(fields.view(size), more)) return this.#grant();
    this.#inbox.leave(assembly);
    this.#assembly = undefined;
    if (this.#left) return this.#grant();
    this.#add({ content: assembly, kind: assembly.raw ? 'raw' : 'item', cost: ITEM_COST + assembly.total });
  }

  #add(piece: Piece): void {
    this.#pieces.push(piece);
    this.#held += piece.cost;
    if (!this.#wanted) return;
    this.#wanted = false;
    this.onItems();
  }

  /** Lets the long item that is coming have its credit, once somebody waits for it or it is to be dropped. */
  #admit(): void {
    if (this.#assembly !== undefined && !this.#going && (this.#wanted || this.#left)) this.#inbox.enter(this.#assembly);
  }

  #spend(cost: number): void {
    this.#credit -= cost;
    if (this.#credit >= 0 || this.#closed) return;
    throw new ProtocolError(`an item for which there was no credit (limit "window") for the call ${this.#call}`);
  }

  /** Gives back what was read. Not each byte at once: a frame for each would double the traffic. */
  #grant(): void {
    if (this.#closed) return;
    const { window } = this.#limits;
    const waiting = this.#assembly === undefined || this.#going ? 0 : ITEM_COST + this.#assembly.have;
    const due = window - this.#held - waiting - this.#credit;
    if (due < window / 4) return;
    this.#credit += due;
    writeCredit(this.#outbox, this.#call, due);
  }

  #decode({ content, kind }: Piece, form: Form | undefined): unknown[] {
    this.checked = false;
    if (content instanceof Assembly) return [content.value(kind === 'raw', this.#limits)];
    if (kind === 'raw' && content.length <= this.#limits.bytes) return [content];
    const bytes = content as Buffer;
    if (kind !== 'items') return [decodeBody(bytes, 0, bytes.length, kind === 'raw', this.#limits)];
    const items = form?.readItems(bytes, 0, bytes.length, this.#limits) ?? NOT_PLAIN;
    this.checked = items !== NOT_PLAIN;
    return items === NOT_PLAIN ? decodeItems(bytes, 0, bytes.length, this.#limits) : items;
  }
}
