/** What is under way, by slot number. A slot that was given back is the next to be taken, so the numbers stay small. */
export class Slots<T> {
  // What one item is pushed to has room for 17 from then on. A literal of it has room for one, and holds 250 bytes less at
  // a connection that never has two calls at once.
  #items: (T | undefined)[] = [];
  #free: number[] = [];
  #size = 0;

  /** How many slots are taken. */
  get size(): number {
    return this.#size;
  }

  get(slot: number): T | undefined {
    // Beyond the end there is nothing, and reading there would slow down every read after it.
    return slot < this.#items.length ? this.#items[slot] : undefined;
  }

  /** Puts an item into the slot that was given back last, or into a new one. */
  add(item: T): number {
    const slot = this.#free.pop() ?? this.#items.length;
    if (this.#items.length === 0) this.#items = [item];
    else this.#items[slot] = item;
    this.#size++;
    return slot;
  }

  delete(slot: number): void {
    if (this.get(slot) === undefined) return;
    this.#items[slot] = undefined;
    this.#size--;
    if (this.#free.length === 0) this.#free = [slot];
    else this.#free.push(slot);
  }

  /** All items, in the order of their slots. */
  all(): T[] {
    return this.#items.filter((item) => item !== undefined);
  }

  clear(): void {
    this.#items.length = 0;
    this.#free.length = 0;
    this.#size = 0;
  }
}
