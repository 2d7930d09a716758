/** What items are drawn from: a user's iterator, or a stream of Node's or the web's. */
export interface ItemIterator {
  next(): unknown;
  /** Lets its owner clean up. Without it there is nothing to clean up. */
  return?(): unknown;
}

type Source = Partial<AsyncIterable<unknown> & Iterable<unknown>> & {
  destroy?: () => void;
  pipe?: unknown;
  getReader?: () => { read(): Promise<unknown>; cancel(): Promise<void> };
};

/** Whether a value can be iterated. A string can, but is not meant. */
export function isIterable(items: unknown): boolean {
  if (typeof items !== 'object' || items === null) return false;
  try {
    const { [Symbol.asyncIterator]: inTime, [Symbol.iterator]: atOnce } = items as Source;
    return typeof inTime === 'function' || typeof atOnce === 'function';
  } catch {
    return false;
  }
}

/** @throws TypeError where the value cannot be iterated. */
export function iteratorOf(items: unknown): ItemIterator {
  if (!isIterable(items)) throw new TypeError('it is no stream: give an object that can be iterated');
  const source = items as Source;
  // Iterators of these streams let go only once the next item has come, which may be never.
  if (typeof source.getReader === 'function') {
    const reader = source.getReader();
    return { next: () => reader.read(), return: () => reader.cancel() };
  }
  const inTime = source[Symbol.asyncIterator]?.();
  const { destroy } = source;
  if (inTime !== undefined && typeof destroy === 'function' && typeof source.pipe === 'function') {
    return { next: () => inTime.next(), return: () => [destroy.call(source), inTime.return?.()][1] };
  }
  return inTime ?? (source as Iterable<unknown>)[Symbol.iterator]();
}

/** Lets go of what will never be drawn from. */
export function release(items: unknown): void {
  if (!isIterable(items)) return;
  try {
    // Nobody is left who could be told of what goes wrong here.
    Promise.resolve(iteratorOf(items).return?.()).catch(() => {});
  } catch {}
}
