import { BySlot } from './by-slot.ts';

/**
 * What is under way, by slot number. A slot that was given back is the next to be taken, so the numbers stay small. It
 * holds the number of the one that was given back before it: a list of them would be two more lines of a CPU's cache at
 * each call of a connection that has not had one for a while.
 */
export class Slots<T extends object | string> extends BySlot<T | number> {
  /** The slot that was given back last, or else the number of all that there are. */
  #free = 0;
  #size = 0;

  /** How many slots are taken. */
  get size(): number {
    return this.#size;
  }

  get(slot: number): T | undefined {
    const item = this.at(slot);
    return typeof item === 'number' ? undefined : item;
  }

  /** Puts an item into the slot that was given back last, or into a new one. */
  add(item: T): number {
    const slot = this.#free;
    this.#free = (this.at(slot) as number | undefined) ?? slot + 1;
    this.put(slot, item);
    this.#size++;
    return slot;
  }

  delete(slot: number): void {
    if (this.get(slot) === undefined) return;
    this.put(slot, this.#free);
    this.#free = slot;
    this.#size--;
  }

  /** All items, in the order of their slots. */
  all(): T[] {
    return this.items().filter((item) => typeof item !== 'number');
  }

  clear(): void {
    this.empty();
    this.#free = 0;
    this.#size = 0;
  }
}
