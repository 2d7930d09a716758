/**
 * Maps and Sets as a stranger may have them built. The engine finds a member by a hash, of which that of numbers and
 * BigInts is no secret, and that of a BigInt regards its low 64 bits alone: 16,000 members that were chosen to collide
 * took two seconds, and a million, which fit a message, would take hours. So it is counted what the engine has to pass
 * over, and what is far more than chance has it is refused. Texts are hashed with a secret, objects at random.
 */
import { Malformed } from './inspect.ts';

/** So many members are built without a look: they cannot cost much. */
const FEW = 64;

/** What one body may have passed over besides {@link PER_MEMBER}: 362 BigInts that are the same in their low 64 bits. */
const AT_LEAST = 65_536;

/** Chance has less than one for each member. */
const PER_MEMBER = 8;

/** Builds the Maps and Sets of one body. */
export class Collections {
  #allowed = AT_LEAST;

  /** Another body begins. */
  reset(): void {
    this.#allowed = AT_LEAST;
  }

  /** @throws Malformed where its members were chosen to collide. */
  set(members: readonly unknown[]): Set<unknown> {
    if (members.length <= FEW) return new Set(members);
    const set = new Set<unknown>();
    const table = new Table();
    for (const member of members) {
      this.#pass(table, member);
      set.add(member);
      table.added(set.size);
    }
    return set;
  }

  /** `entries`: key, value, key, value. As {@link set}. */
  map(entries: readonly unknown[]): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    const table = entries.length <= 2 * FEW ? undefined : new Table();
    for (let i = 0; i + 1 < entries.length; i += 2) {
      if (table !== undefined) this.#pass(table, entries[i]);
      map.set(entries[i], entries[i + 1]);
      table?.added(map.size);
    }
    return map;
  }

  #pass(table: Table, member: unknown): void {
    this.#allowed += PER_MEMBER - table.find(member);
    if (this.#allowed < 0) throw new Malformed('a Map or Set of numbers or BigInts that were chosen to collide');
  }
}

/** How full the buckets of the engine's table are, of which it has one for each two members that there is room for. */
class Table {
  #buckets = 2;
  #counts = new Int32Array(2);
  #hashes: number[] = [];
  #hash = -1;
  #size = 0;

  /** How many members the engine passes over to find that this one is not there. */
  find(member: unknown): number {
    this.#hash = hashOf(member);
    return this.#hash < 0 ? 0 : (this.#counts[this.#hash & (this.#buckets - 1)] as number);
  }

  /** It has so many members now, the one that was looked for among them. */
  added(size: number): void {
    if (size === this.#size) return;
    this.#size = size;
    if (size > 2 * this.#buckets) this.#grow();
    if (this.#hash < 0) return;
    this.#hashes.push(this.#hash);
    this.#count(this.#hash);
  }

  #grow(): void {
    this.#buckets *= 2;
    this.#counts = new Int32Array(this.#buckets);
    for (const hash of this.#hashes) this.#count(hash);
  }

  #count(hash: number): void {
    const bucket = hash & (this.#buckets - 1);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/** The hash that V8 has of a number or a BigInt, in Node 20 to 26; -1 for what nobody outside can tell the hash of. */
export function hashOf(member: unknown): number {
  if (typeof member === 'number') {
    if ((member | 0) === member) return hashOfInteger(member);
    scratch.setFloat64(0, member);
  } else if (typeof member === 'bigint') {
    scratch.setBigUint64(0, member < 0n ? -member : member);
  } else return -1;
  return hashOfLong(scratch.getInt32(0), scratch.getInt32(4));
}

/** V8's `ComputeUnseededHash`. */
function hashOfInteger(key: number): number {
  let hash = (~key + (key << 15)) | 0;
  hash ^= hash >>> 12;
  hash = (hash + (hash << 2)) | 0;
  hash ^= hash >>> 4;
  hash = Math.imul(hash, 2057);
  return (hash ^ (hash >>> 16)) & 0x3fff_ffff;
}

/** V8's `ComputeLongHash`, of 64 bits in two halves. */
function hashOfLong(high: number, low: number): number {
  // ~key + (key << 18)
  let sum = (~low >>> 0) + ((low << 18) >>> 0);
  let h = (~high + ((high << 18) | (low >>> 14)) + carry(sum)) | 0;
  let l = sum | 0;
  l ^= (l >>> 31) | (h << 1);
  h ^= h >>> 31;
  sum = (l >>> 0) * 21;
  h = (Math.imul(h, 21) + carry(sum)) | 0;
  l = sum | 0;
  l ^= (l >>> 11) | (h << 21);
  h ^= h >>> 11;
  // + (hash << 6)
  sum = (l >>> 0) + ((l << 6) >>> 0);
  h = (h + ((h << 6) | (l >>> 26)) + carry(sum)) | 0;
  l = sum | 0;
  return (l ^ ((l >>> 22) | (h << 10))) & 0x3fff_ffff;
}

/** What a sum of low halves has above its 32 bits. */
function carry(sum: number): number {
  return Math.floor(sum / 0x1_0000_0000);
}
