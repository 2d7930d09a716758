import { z } from 'zod';
import { event, method, service, stream } from '../src/index.ts';
import type { Side } from './agenda.ts';
import type { Plan } from './plan.ts';

const Note = z.object({
  token: z.string(),
  title: z.string(),
  tags: z.array(z.string()),
  at: z.date(),
  size: z.number().default(1),
});

/** What streams are made of. A number is none. */
const Item = z.union([
  z.string(),
  z.instanceof(Uint8Array),
  z.object({ at: z.number(), text: z.string() }),
  z.undefined(),
]);

const syntax = z.object({ line: z.number(), near: z.string() });

/** What both ends serve. */
export const sim = service('sim', {
  uppercase: method({ input: z.string(), output: z.string(), errors: { syntax } }),
  /** Anything that can cross. */
  echo: method({ input: z.unknown(), output: z.unknown() }),
  /** Strips what it does not declare, and fills in what is missing. */
  note: method({ input: Note, output: Note, errors: { full: z.object({ left: z.number() }) } }),
  /** Has a deadline of its own. */
  quick: method({ input: z.string(), output: z.string(), deadline: 40 }),
  /** Answers with as much as its plan says. */
  grow: method({ input: z.string(), output: z.union([z.string(), z.instanceof(Uint8Array)]) }),
  /** Carries nothing at all, either way. */
  ping: method({ input: z.void(), output: z.void() }),
  /** Gives a stream. */
  lines: method({ input: z.string(), output: stream(Item), errors: { syntax } }),
  /** Takes a stream. */
  gather: method({ input: stream(Item), output: z.string(), errors: { syntax } }),
  /** Takes a stream and gives another. */
  chat: method({ input: stream(Item), output: stream(Item), errors: { syntax } }),
  /** Has no answer. */
  tell: event(z.union([z.string(), z.instanceof(Uint8Array)])),
});

export type MethodName = keyof typeof sim.methods;

const later = z.object({ days: z.number() });

/** The same as a later version has it: everything differs a little, and all of it still fits. */
export const changed = service('sim', {
  uppercase: method({ input: z.string(), output: z.string(), errors: { syntax, later } }),
  echo: method({ input: z.unknown(), output: z.unknown(), errors: { later } }),
  note: method({ input: Note, output: Note, errors: { full: z.object({ left: z.number() }), later } }),
  quick: method({ input: z.string(), output: z.string(), deadline: 40, errors: { later } }),
  grow: method({ input: z.string(), output: z.union([z.string(), z.instanceof(Uint8Array)]), errors: { later } }),
  ping: method({ input: z.void(), output: z.void(), errors: { later } }),
  lines: method({ input: z.string(), output: stream(Item), errors: { syntax, later } }),
  gather: method({ input: stream(Item), output: z.string(), errors: { syntax, later } }),
  chat: method({ input: stream(Item), output: stream(Item), errors: { syntax, later } }),
  tell: event(z.union([z.literal('later'), z.string(), z.instanceof(Uint8Array)])),
});

/** The same as another version has it, of which nothing fits. */
export const breaking = service('sim', {
  uppercase: method({ input: z.string(), output: z.nan() }),
  echo: method({ input: z.unknown(), output: z.nan() }),
  note: method({ input: Note, output: z.nan() }),
  quick: method({ input: z.string(), output: z.nan(), deadline: 40 }),
  grow: method({ input: z.string(), output: z.nan() }),
  ping: method({ input: z.void(), output: z.nan() }),
  lines: method({ input: z.string(), output: stream(z.nan()) }),
  gather: method({ input: stream(Item), output: z.nan() }),
  chat: method({ input: stream(Item), output: stream(z.nan()) }),
  tell: event(z.nan()),
});

/** What a side calls the other one by. */
export function callsBy({ changes }: Pick<Plan, 'changes'>, side: Side): typeof sim {
  return changes[side] ? (changed as unknown as typeof sim) : sim;
}

/** What neither end serves. */
export const elsewhere = service('elsewhere', {
  uppercase: method({ input: z.string(), output: z.string() }),
  lines: method({ input: z.string(), output: stream(Item) }),
  gather: method({ input: stream(Item), output: z.string() }),
  chat: method({ input: stream(Item), output: stream(Item) }),
  tell: event(z.string()),
});

/** Under what name a method is called that nobody serves. */
export function missing(method: MethodName): keyof typeof elsewhere.methods {
  return Object.hasOwn(elsewhere.methods, method) ? (method as keyof typeof elsewhere.methods) : 'uppercase';
}
