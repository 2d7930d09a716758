import { describe, expect, test } from 'vitest';
import { health } from './health.ts';
import { namedMethod } from './service.ts';

const { parseInput, encodeOutput, parseOutput } = namedMethod(health, 'check');

describe('the contract of health', () => {
  test('means the whole server where no service is named', () => {
    for (const request of [undefined, {}, { service: undefined }, { service: '' }]) {
      expect(parseInput(request)).toEqual({ service: '' });
    }
    expect(parseInput({ service: 'é'.repeat(127), more: 5 })).toEqual({ service: 'é'.repeat(127) });
  });

  test.each([
    ['null', null, 'expected an object { service }'],
    ['text', 'text', 'expected an object { service }'],
    ['a name that is none', { service: 5 }, 'at service: expected text'],
    ['a name that is longer than any', { service: 'é'.repeat(128) }, 'at service: expected at most 255 bytes'],
  ])('refuses %s as a request', (_, request, message) => {
    expect(() => parseInput(request)).toThrow(message);
  });

  test.each([[undefined], [{}], [{ status: 'FINE' }], [{ status: 1 }]])('refuses %j as an answer', (answer) => {
    expect(() => encodeOutput(answer)).toThrow('expected');
    expect(() => parseOutput(answer)).toThrow('expected');
  });

  test('lets nothing through that it does not declare', () => {
    expect(encodeOutput({ status: 'SERVING', more: 5 })).toEqual({ status: 'SERVING' });
  });

  test('may be asked again where an answer was lost', () => {
    expect([namedMethod(health, 'check').idempotent, namedMethod(health, 'watch').idempotent]).toEqual([true, true]);
  });
});
