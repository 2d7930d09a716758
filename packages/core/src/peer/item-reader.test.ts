import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Inflow } from '../connection/inflow.ts';
import { RpcError } from '../error/rpc-error.ts';
import { ItemReader, type ItemSource } from './item-reader.ts';

/** Where a reader's items come from, by hand. */
class Source implements ItemSource {
  wants = 0;
  leaves = 0;
  readonly #batches: unknown[][] = [];
  onItems: () => void = () => {};

  wanted(): void {
    this.wants++;
  }

  left(): void {
    this.leaves++;
  }

  faulty(error: unknown): { readonly code: 'INTERNAL'; readonly message: string } {
    this.left();
    return { code: 'INTERNAL', message: `faulty: ${(error as Error).message}` };
  }

  aborted(): { readonly code: 'CANCELLED'; readonly message: string } {
    return { code: 'CANCELLED', message: 'aborted' };
  }

  next(): unknown[] | undefined {
    return this.#batches.shift();
  }

  come(...items: unknown[]): void {
    this.#batches.push(items);
    this.onItems();
  }
}

function readerOf(source: Source, parse: (value: unknown) => unknown = (value) => value): ItemReader {
  const reader = new ItemReader(source, parse);
  reader.attach(source as unknown as Inflow);
  return reader;
}

async function told(next: Promise<IteratorResult<unknown>>): Promise<unknown> {
  try {
    const { done, value } = await next;
    return done === true ? 'end' : value;
  } catch (error) {
    return (error as RpcError).code;
  }
}

/** All that can happen without anything from outside has happened. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

describe('a reader', () => {
  test('parses items one by one, as they are read', async () => {
    const parsed: unknown[] = [];
    const source = new Source();
    const reader = readerOf(source, (value) => [parsed.push(value)]);
    source.come('a', 'b', 'c');
    expect(parsed).toEqual([]);
    expect(await told(reader.next())).toEqual([1]);
    expect(parsed).toEqual(['a']);
  });

  test('asks its source only where nothing is here', async () => {
    const source = new Source();
    const reader = readerOf(source);
    source.come(1, 2);
    await reader.next();
    await reader.next();
    expect(source.wants).toBe(0);
    const next = reader.next();
    expect(source.wants).toBe(1);
    source.come(3);
    expect(await told(next)).toBe(3);
  });

  test('tells a failure behind the items that came before it, once, and then the end', async () => {
    const source = new Source();
    const reader = readerOf(source);
    source.come(1);
    reader.end({ code: 'NOT_FOUND', message: 'x' });
    const all = [reader.next(), reader.next(), reader.next(), reader.next()];
    expect(await Promise.all(all.map(told))).toEqual([1, 'NOT_FOUND', 'end', 'end']);
    expect(source.leaves).toBe(0);
  });

  test('that is cancelled tells so at once, also where everything had come', async () => {
    for (const end of [true, false]) {
      const source = new Source();
      const reader = readerOf(source);
      source.come(1, 2);
      if (end) reader.end();
      expect(await told(reader.next())).toBe(1);
      reader.cancel({ code: 'CANCELLED', message: 'x' });
      expect(await told(reader.next())).toBe('CANCELLED');
      expect(await told(reader.next())).toBe('end');
    }
  });

  test('that has been read to its end is not cancelled any more', async () => {
    const source = new Source();
    const reader = readerOf(source);
    reader.end();
    expect(await told(reader.next())).toBe('end');
    reader.cancel({ code: 'CANCELLED', message: 'x' });
    expect(await told(reader.next())).toBe('end');
  });

  test('leaves its source once, however it is left', async () => {
    const source = new Source();
    const reader = readerOf(source);
    source.come(1, 2);
    await reader.next();
    expect(await reader.return()).toEqual({ done: true, value: undefined });
    await reader.return();
    await reader[Symbol.asyncDispose]();
    expect([source.leaves, await told(reader.next())]).toEqual([1, 'end']);
  });

  test('leaves its source where an item cannot be read, and drops the others', async () => {
    const source = new Source();
    const reader = readerOf(source, (value) => {
      if (value === 'bad') throw new Error('bad');
      return value;
    });
    source.come(1, 'bad', 2);
    const all = [reader.next(), reader.next(), reader.next()];
    expect(await Promise.all(all.map(told))).toEqual([1, 'INTERNAL', 'end']);
    expect(source.leaves).toBe(1);
  });

  test('takes items that come before it is attached to where they come from', async () => {
    const source = new Source();
    const reader = new ItemReader(source, (value) => value);
    const next = reader.next();
    source.come('early');
    reader.attach(source as unknown as Inflow);
    expect(await told(next)).toBe('early');
  });
});

const EVENTS = ['next', 'items', 'end', 'fail', 'cancel', 'return', 'wait'] as const;

test('whatever happens in whatever order, all who ask are answered in order, each item once, and a failure once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...EVENTS), { maxLength: 30 }), async (events) => {
      const source = new Source();
      const reader = readerOf(source);
      const asked: Promise<unknown>[] = [];
      /** What is still to be told, in order, and what everybody is told behind it. */
      let wanted: unknown[] = [];
      let tail: 'end' | undefined;
      let item = 0;
      const due: unknown[] = [];
      const answer = (): void => {
        while (due.length < asked.length && (wanted.length > 0 || tail !== undefined)) due.push(wanted.shift() ?? tail);
      };
      const happen: Record<(typeof EVENTS)[number], () => void> = {
        next: () => void asked.push(told(reader.next())),
        items() {
          if (tail !== undefined) return;
          source.come(item, item + 1);
          wanted.push(item++, item++);
        },
        end() {
          reader.end();
          tail = 'end';
        },
        fail() {
          reader.end({ code: 'ABORTED', message: 'x' });
          if (tail === undefined) wanted.push('ABORTED');
          tail = 'end';
        },
        cancel() {
          reader.cancel({ code: 'CANCELLED', message: 'x' });
          // Whoever has been told the end, or a failure, hears no more.
          if (!over) wanted = ['CANCELLED'];
          tail = 'end';
        },
        return() {
          void reader.return();
          wanted = [];
          tail = 'end';
          over = true;
        },
        wait: () => {},
      };
      let over = false;
      for (const event of events) {
        happen[event]();
        answer();
        over ||= due.some((told) => typeof told === 'string');
        if (event === 'wait') await settle();
      }
      happen.end();
      answer();
      expect(await Promise.all(asked)).toEqual(due);
      expect(source.leaves).toBeLessThanOrEqual(1);
    }),
    { numRuns: 500 },
  );
});

test('a failure is an RpcError with what is known of it', async () => {
  const source = new Source();
  const reader = readerOf(source);
  reader.end({ code: 'NOT_FOUND', message: 'None.', method: 'a.b', execution: 'unknown' });
  const error: unknown = await reader.next().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(RpcError);
  expect(error).toMatchObject({ code: 'NOT_FOUND', message: 'None.', method: 'a.b', execution: 'unknown' });
});
