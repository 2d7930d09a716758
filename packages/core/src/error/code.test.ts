import { expect, test } from 'vitest';
import { CODES, codeFromNumber } from './code.ts';

// As gRPC numbers them: https://grpc.io/docs/guides/status-codes/. Written out, because they cross the wire.
const GRPC = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

test('the codes are gRPC’s, with gRPC’s numbers, all but OK', () => {
  expect(CODES).toEqual(Object.fromEntries(GRPC.map((name, number) => [name, number]).slice(1)));
});

test('a number reads as its code', () => {
  for (const [name, number] of Object.entries(CODES)) expect(codeFromNumber(number)).toBe(name);
});

test('what is no number of a code reads as UNKNOWN', () => {
  for (const none of [0, 17, -1, 1.5, 255, Number.NaN, '1', 5n, null, undefined, {}, [5], true]) {
    expect(codeFromNumber(none)).toBe('UNKNOWN');
  }
});
