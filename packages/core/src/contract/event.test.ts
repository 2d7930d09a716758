import { expect, test } from 'vitest';
import * as z from 'zod';
import { event } from './event.ts';
import { KIND, streamsInput, streamsOutput } from './kind.ts';
import { namedMethod, service } from './service.ts';
import { stream } from './stream.ts';

test('an event has a name and a kind of its own, and neither errors nor a deadline', () => {
  const checks = namedMethod(service('s', { log: event(z.string()) }), 'log');
  expect(checks).toMatchObject({ fullName: 's.log', kind: KIND.event, idempotent: false, deadline: undefined });
  expect(checks.errors.size).toBe(0);
  expect([streamsInput(checks.kind), streamsOutput(checks.kind)]).toEqual([false, false]);
});

test('its message is parsed, defaults and transforms included, once', () => {
  const message = z.object({ line: z.string().transform((s) => s.trim()), level: z.number().default(1) });
  const { parseInput } = namedMethod(service('s', { log: event(message) }), 'log');
  expect(parseInput({ line: ' x ', other: 2 })).toEqual({ line: 'x', level: 1 });
  expect(() => parseInput({ line: 5 })).toThrow();
});

test('an event without a schema, or of a stream, is refused when the contract is written', () => {
  for (const none of [undefined, null, 5, {}, 'string', stream(z.string())]) {
    expect(() => event(none as never)).toThrow(TypeError);
    expect(() => event(none as never)).toThrow('The message of an event');
  }
});

test('an event can be shared by services', () => {
  const log = event(z.string());
  expect(namedMethod(service('a', { log }), 'log').fullName).toBe('a.log');
  expect(namedMethod(service('b', { log }), 'log').fullName).toBe('b.log');
});
