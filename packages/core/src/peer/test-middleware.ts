/** A service of every kind of method within middleware, for the tests of this room. No part of the package. */
import { z } from 'zod';
import type { Context } from '../contract/context.ts';
import { event } from '../contract/event.ts';
import type { Implementation } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import { method } from '../contract/method.ts';
import { type Middleware, type Middlewares, use } from '../contract/middleware.ts';
import { type Client, service } from '../contract/service.ts';
import { stream } from '../contract/stream.ts';
import { collect } from './test-outcome.ts';
import { type Ends, ends } from './test-world.ts';

export const words = service('words', {
  ask: method({ input: z.string(), output: z.string() }),
  read: method({ input: z.string(), output: stream(z.string()) }),
  write: method({ input: stream(z.string()), output: z.string() }),
  talk: method({ input: stream(z.string()), output: stream(z.string()) }),
  note: event(z.string()),
});

export type Words = Client<typeof words.methods>;

export interface WordsWorld extends Ends {
  readonly client: Words;
}

/** What each handler does; with what middleware has added. */
export type Act<Added> = (context: Context & Added) => unknown;

/** Handlers that act, and then answer `one`, or `one` and `two`. */
export function serving<Added extends object>(middleware: Middlewares<Added>, act: Act<Added>): Implementation {
  async function* items(_: unknown, context: Context & Added): AsyncGenerator<string> {
    await act(context);
    yield* ['one', 'two'];
  }
  const answer = async (_: unknown, context: Context & Added): Promise<string> => {
    await act(context);
    return 'one';
  };
  const note = async (_: unknown, context: Context & Added): Promise<void> => void (await act(context));
  return middleware.implement(words, { ask: answer, read: items, write: answer, talk: items, note });
}

/** Both ends of a connection, of which the far one serves. */
export function worldWithin<Added extends object>(
  middleware: Middlewares<Added>,
  act: Act<Added> = () => {},
): WordsWorld {
  const both = ends({}, { implementations: new Implementations([serving(middleware, act)]) });
  return { ...both, client: both.near.client(words) as Words };
}

/** The same, within functions that need not be what the compiler asks for. */
export function worldWithinAny(layers: readonly unknown[], act: Act<object> = () => {}): WordsWorld {
  const [first, ...others] = layers as Middleware[];
  return worldWithin(
    others.reduce((before, layer) => before.use(layer), use(first as Middleware) as Middlewares<object>),
    act,
  );
}

/** A call of each kind that has an answer, as a promise of all of it. */
export const CALLS: Record<string, (client: Words, signal?: AbortSignal) => Promise<unknown>> = {
  unary: (client, signal) => client.ask('x', { signal }),
  'server stream': (client, signal) => collect(client.read('x', { signal })),
  'client stream': (client, signal) => client.write(['x'], { signal }),
  'both ways': (client, signal) => collect(client.talk(['x'], { signal })),
};
