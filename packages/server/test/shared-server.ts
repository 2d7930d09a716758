import { afterAll, beforeAll } from 'vitest';
import { startServer } from './child.ts';
import type { Child } from './forked.ts';
import { type Temporary, temporary } from './temporary.ts';

/** A server in another process, which all tests of a file or a block share: to start one takes longer than a test. */
export interface SharedServer {
  readonly place: Temporary;
  readonly child: Child;
}

/** Starts it before the tests, and ends it after them. */
export function sharedServer(): SharedServer {
  let place: Temporary;
  let child: Child;
  beforeAll(async () => {
    place = await temporary();
    child = await startServer(place.unix());
  });
  afterAll(async () => {
    await child[Symbol.asyncDispose]();
    await place[Symbol.asyncDispose]();
  });
  return {
    get place() {
      return place;
    },
    get child() {
      return child;
    },
  };
}
