import { afterAll, beforeAll, describe } from 'vitest';
import { type Temporary, temporary } from '../temporary.ts';
import { listening } from './far-end.ts';
import { callSemantics } from './suite.ts';

describe('over a Unix socket', () => {
  let place: Temporary;
  let opened = 0;

  beforeAll(async () => {
    place = await temporary();
  });

  afterAll(() => place[Symbol.asyncDispose]());

  callSemantics(() => listening(place.unix(`${opened++}`)));
});
