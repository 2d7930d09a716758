import { expect, test } from 'vitest';
import * as z from 'zod';
import { checkContract, isService } from './client.ts';
import { method } from './method.ts';
import { service } from './service.ts';

const any = method({ input: z.string(), output: z.string() });
const text = service('text', { uppercase: any });
const files = service('files', { read: any });

test('one service is a contract, and so is a record of several, or of none', () => {
  for (const contract of [text, { text }, { text, files }, {}, Object.assign(Object.create(null), { text })]) {
    checkContract(contract);
  }
  checkContract(service('empty', {}));
});

test('a service is told from a record, also where names are chosen to confuse', () => {
  expect(isService(text)).toBe(true);
  expect(isService(service('methods', { name: any, methods: any }))).toBe(true);
  expect(isService({ text })).toBe(false);
  expect(isService({ name: text, methods: files })).toBe(false);
  expect(isService({})).toBe(false);
  checkContract({ name: text, methods: files });
});

test('anything else is refused', () => {
  for (const none of [
    undefined,
    null,
    5,
    'text',
    () => text,
    [5],
    { text: undefined },
    { text: null },
    { text: 'text' },
    { text, files: {} },
    { text: { text } },
    { name: 'text' },
    { name: 'text', methods: undefined },
    { uppercase: any },
  ]) {
    expect(() => checkContract(none), String(none)).toThrow(
      new TypeError('The contract is none: give what service(…) returned, or a record of such services.'),
    );
  }
});
