import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Child, forked } from './forked.ts';
import { newerTestService, testService, unimplementedService } from './interop/contract.ts';
import { type ClientOf, close, connect, type Metadata } from './nearcall.ts';
import { type Temporary, temporary } from './temporary.ts';

// The cases that every implementation of gRPC is held to, by their names there:
// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md

const contract = { tests: testService, newer: newerTestService, missing: unimplementedService };

let place: Temporary;
let server: Child;
let rpc: ClientOf<typeof contract>;
let tests: ClientOf<typeof testService>;

beforeAll(async () => {
  place = await temporary();
  server = await forked('interop/server-child', place.unix());
  rpc = connect(place.unix(), contract);
  tests = rpc.tests;
});

afterAll(async () => {
  await close(rpc);
  await server[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

const REQUEST_SIZES = [27_182, 8, 1828, 45_904] as const;
const ANSWER_SIZES = [31_415, 9, 2653, 58_979] as const;
const LARGE_REQUEST = 271_828;
const LARGE_ANSWER = 314_159;

const ZEROS = new Uint8Array(LARGE_ANSWER);

function isZeros(bytes: Uint8Array, size: number): boolean {
  return bytes.constructor === Uint8Array && Buffer.compare(bytes, ZEROS.subarray(0, size)) === 0;
}

async function largeUnary(): Promise<boolean> {
  const { payload } = await tests.unaryCall({ payload: ZEROS.subarray(0, LARGE_REQUEST), size: LARGE_ANSWER });
  return isZeros(payload, LARGE_ANSWER);
}

/** An input stream that its test feeds item by item. */
class Feed<T extends object> implements AsyncIterableIterator<T, undefined> {
  returned = false;
  readonly #items: T[] = [];
  readonly #waiting: ((result: IteratorResult<T, undefined>) => void)[] = [];
  #ended = false;

  put(item: T): void {
    this.#items.push(item);
    this.#serve();
  }

  end(): void {
    this.#ended = true;
    this.#serve();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#serve();
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.returned = true;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #serve(): void {
    while (this.#waiting.length > 0 && (this.#items.length > 0 || this.#ended)) {
      const value = this.#items.shift();
      this.#waiting.shift()?.(value === undefined ? { done: true, value: undefined } : { done: false, value });
    }
  }
}

/** Nothing is left of earlier calls: the server is asked until it has heard of them all. */
async function aborted(more: number, before: number): Promise<void> {
  await expect.poll(() => server.ask('aborted'), { interval: 2, timeout: 5000 }).toBe(before + more);
}

test('empty_unary', async () => {
  expect(await tests.emptyCall({})).toEqual({});
});

test('large_unary', async () => {
  expect(await largeUnary()).toBe(true);
});

test('client_streaming', async () => {
  const sum = await tests.streamingInputCall(REQUEST_SIZES.map((size) => ({ payload: new Uint8Array(size) })));
  expect(sum).toBe(74_922);
});

test('server_streaming', async () => {
  const sizes: number[] = [];
  for await (const { payload } of tests.streamingOutputCall({ sizes: [...ANSWER_SIZES] })) {
    expect(isZeros(payload, ANSWER_SIZES[sizes.length] ?? -1)).toBe(true);
    sizes.push(payload.length);
  }
  expect(sizes).toEqual(ANSWER_SIZES);
});

test('ping_pong', async () => {
  const feed = new Feed<{ payload: Uint8Array<ArrayBuffer>; size: number }>();
  const answers = tests.fullDuplexCall(feed);
  for (const [i, size] of REQUEST_SIZES.entries()) {
    const asked = ANSWER_SIZES[i] as number;
    feed.put({ payload: new Uint8Array(size), size: asked });
    // The next one is not sent before this one is answered.
    const { value } = await answers.next();
    expect(isZeros(value?.payload as Uint8Array, asked)).toBe(true);
  }
  feed.end();
  expect(await answers.next()).toEqual({ done: true, value: undefined });
});

test('empty_stream', async () => {
  const answers = [];
  for await (const answer of tests.fullDuplexCall([])) answers.push(answer);
  expect(answers).toEqual([]);
});

const STATUS = { code: 'UNKNOWN', message: 'test status message' } as const;
const NO_PAYLOAD = new Uint8Array(0);

test('status_code_and_message', async () => {
  await expect(tests.unaryCall({ payload: NO_PAYLOAD, size: 1, status: STATUS })).rejects.toMatchObject({
    ...STATUS,
    execution: 'unknown',
  });
  const answers = tests.fullDuplexCall([{ payload: NO_PAYLOAD, status: STATUS }]);
  await expect(answers.next()).rejects.toMatchObject({ ...STATUS, execution: 'unknown' });
  expect(await answers.next()).toEqual({ done: true, value: undefined });
});

test('special_status_message', async () => {
  const status = {
    code: 'UNKNOWN',
    message: '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n',
  } as const;
  await expect(tests.unaryCall({ payload: NO_PAYLOAD, size: 1, status })).rejects.toMatchObject(status);
});

test('unimplemented_method', async () => {
  const refused = { code: 'UNIMPLEMENTED', execution: 'rejected' };
  await expect(rpc.newer.unimplementedCall({})).rejects.toMatchObject(refused);
  await expect(rpc.newer.unimplementedStream({}).next()).rejects.toMatchObject(refused);
});

test('unimplemented_service', async () => {
  await expect(rpc.missing.unimplementedCall({})).rejects.toMatchObject({
    code: 'UNIMPLEMENTED',
    execution: 'rejected',
    message: expect.stringContaining('grpc.testing.UnimplementedService.unimplementedCall'),
  });
});

test('cancel_after_begin', async () => {
  const before = await server.ask<number>('aborted');
  const feed = new Feed<{ payload: Uint8Array<ArrayBuffer> }>();
  const giveUp = new AbortController();
  const call = tests.streamingInputCall(feed, { signal: giveUp.signal });
  // It has begun when a later call has been answered: handlers start in the order of their requests.
  await tests.emptyCall({});
  giveUp.abort();
  await expect(call).rejects.toMatchObject({ code: 'CANCELLED', execution: 'unknown' });
  expect(feed.returned).toBe(true);
  await aborted(1, before);
});

test('cancel_after_first_response', async () => {
  const before = await server.ask<number>('aborted');
  const feed = new Feed<{ payload: Uint8Array<ArrayBuffer>; size: number }>();
  const giveUp = new AbortController();
  const answers = tests.fullDuplexCall(feed, { signal: giveUp.signal });
  feed.put({ payload: new Uint8Array(REQUEST_SIZES[0]), size: ANSWER_SIZES[0] });
  const { value } = await answers.next();
  expect(value?.payload.length).toBe(ANSWER_SIZES[0]);
  giveUp.abort();
  await expect(answers.next()).rejects.toMatchObject({ code: 'CANCELLED', execution: 'unknown' });
  expect(feed.returned).toBe(true);
  await aborted(1, before);
});

test('timeout_on_sleeping_server', async () => {
  const before = await server.ask<number>('aborted');
  const feed = new Feed<{ payload: Uint8Array<ArrayBuffer>; sleep: boolean }>();
  feed.put({ payload: new Uint8Array(REQUEST_SIZES[0]), sleep: true });
  const answers = tests.fullDuplexCall(feed, { deadline: 20 });
  await expect(answers.next()).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', execution: 'unknown' });
  await aborted(1, before);
});

test('concurrent_large_unary', { timeout: 60_000 }, async () => {
  const answers = await Promise.all(Array.from({ length: 1000 }, largeUnary));
  expect(answers.filter((right) => right).length).toBe(1000);
});

test('custom_metadata', async () => {
  const initial = { 'x-grpc-test-echo-initial': 'test_initial_metadata_value' };
  const trailing = { 'x-grpc-test-echo-trailing-bin': Uint8Array.of(0xab, 0xab, 0xab) };
  const metadata = { ...initial, ...trailing };
  const heard: unknown[] = [];
  const onHeader = (header: Metadata): void => void heard.push({ ...header });
  const onTrailer = (trailer: Metadata): void => void heard.push({ ...trailer });
  const asked = { payload: new Uint8Array(LARGE_REQUEST), size: LARGE_ANSWER };

  const { payload } = await tests.unaryCall(asked, { metadata, onHeader, onTrailer });
  expect(isZeros(payload, LARGE_ANSWER)).toBe(true);
  expect(heard.splice(0)).toEqual([initial, trailing]);

  const answers = tests.fullDuplexCall([asked], { metadata, onHeader, onTrailer });
  expect({ ...(await answers.header) }).toEqual(initial);
  for await (const answer of answers) expect(isZeros(answer.payload, LARGE_ANSWER)).toBe(true);
  expect({ ...(await answers.trailer) }).toEqual(trailing);
  expect(heard).toEqual([initial, trailing]);

  // As in gRPC, what trails comes with errors, too.
  await expect(tests.unaryCall({ ...asked, status: STATUS }, { metadata })).rejects.toMatchObject({
    ...STATUS,
    metadata: trailing,
  });
});
