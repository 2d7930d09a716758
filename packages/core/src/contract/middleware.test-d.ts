// Checked by the compiler, and never run: what compiles is the test, and so is what must not.
import { expectTypeOf } from 'vitest';
import * as z from 'zod';
import type { Metadata } from '../error/metadata.ts';
import type { Context } from './context.ts';
import { event } from './event.ts';
import type { Implementation } from './implement.ts';
import { method } from './method.ts';
import { type Middleware, type MiddlewareContext, type Middlewares, use } from './middleware.ts';
import type { RemotePeer } from './remote-peer.ts';
import { service } from './service.ts';
import { type RequestStream, stream } from './stream.ts';

interface User {
  readonly name: string;
}
declare const ann: User;

const text = service('text', {
  up: method({ input: z.string(), output: z.string() }),
  lines: method({ input: z.object({ from: z.number().default(0) }), output: stream(z.string()) }),
  sum: method({ input: stream(z.number()), output: z.number() }),
  parse: method({ input: z.string(), output: z.number(), errors: { syntax: z.object({ line: z.number() }) } }),
  log: event(z.object({ line: z.string() })),
});
const other = service('other', { ask: method({ input: z.void(), output: z.string() }) });

// What is added is in the contexts of the handlers, with its type, and nothing is lost of what was there.
const signedIn = use(async (context, next) => {
  expectTypeOf(context).toExtend<MiddlewareContext>();
  expectTypeOf(context.method).toEqualTypeOf<string>();
  expectTypeOf(context.input).toEqualTypeOf<unknown>();
  expectTypeOf(context.metadata).toEqualTypeOf<Metadata>();
  return next({ user: ann });
});
expectTypeOf(signedIn).toEqualTypeOf<Middlewares<{ user: User }>>();

const handlers = {
  up: (s: string) => s,
  lines: () => [],
  sum: () => 0,
  parse: () => 0,
  log: () => {},
};
const implementation = signedIn.implement(text, {
  up: (s, context) => {
    expectTypeOf(s).toEqualTypeOf<string>();
    expectTypeOf(context.user).toEqualTypeOf<User>();
    expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
    expectTypeOf(context.peer).toEqualTypeOf<RemotePeer>();
    // @ts-expect-error What no middleware has added.
    context.account;
    return `${context.user.name}: ${s}`;
  },
  async *lines({ from }, { user, setTrailer }) {
    expectTypeOf(from).toEqualTypeOf<number>();
    expectTypeOf(user).toEqualTypeOf<User>();
    setTrailer({ user: user.name });
    yield `${from}`;
  },
  async sum(numbers, { user }) {
    expectTypeOf(numbers).toEqualTypeOf<RequestStream<number>>();
    return user.name.length;
  },
  parse(_, { user }) {
    throw text.methods.parse.error('syntax', { line: user.name.length });
  },
  log({ line }, { user }) {
    expectTypeOf(line).toEqualTypeOf<string>();
    expectTypeOf(user).toEqualTypeOf<User>();
  },
});
expectTypeOf(implementation).toEqualTypeOf<Implementation>();

// The same middleware serves any service.
signedIn.implement(other, { ask: async (_, { user }) => user.name });
signedIn.implement(text, handlers, { concurrency: { up: 4 } });
// @ts-expect-error A method that is not declared.
signedIn.implement(text, handlers, { concurrency: { typo: 4 } });
// @ts-expect-error A handler that is missing.
signedIn.implement(other, {});
// @ts-expect-error A handler that no method is declared for.
signedIn.implement(other, { ask: () => '', typo: () => '' });
signedIn.implement(other, {
  // @ts-expect-error An answer of the wrong type.
  ask: () => 5,
});
// @ts-expect-error What is no service.
signedIn.implement('text', handlers);
signedIn.implement(other, {
  // @ts-expect-error A context that holds what nobody added.
  ask: (_, { user, account }) => `${user.name}${account}`,
});

// A later one sees what the earlier ones added, and handlers see all of it.
const inShop = signedIn
  .use(async ({ user, peer }, next) => {
    expectTypeOf(user).toEqualTypeOf<User>();
    expectTypeOf(peer).toEqualTypeOf<RemotePeer>();
    return next({ basket: [user.name], total: 5 });
  })
  .use((context, next) => {
    expectTypeOf(context.basket).toEqualTypeOf<string[]>();
    expectTypeOf(context.user).toEqualTypeOf<User>();
    return next();
  });
expectTypeOf(inShop).toEqualTypeOf<
  Middlewares<{ readonly user: User; readonly basket: string[]; readonly total: number }>
>();
inShop.implement(other, { ask: (_, { user, basket, total }) => `${user.name}${basket.length}${total.toFixed()}` });

// Of one name the later stands.
const renamed = use((_, next) => next({ user: 5 })).use((_, next) => next({ user: 'text' }));
renamed.implement(other, {
  ask(_, { user }) {
    expectTypeOf(user).toEqualTypeOf<string>();
    return user;
  },
});

// What runs around the call keeps the type of what is added.
const timing = use(async (context, next) => {
  const start = Date.now();
  try {
    const result = await next({ start });
    expectTypeOf(result.output).toEqualTypeOf<unknown>();
    return result;
  } catch (error) {
    context.setTrailer({ failed: 'yes' });
    throw error;
  } finally {
    context.sendHeader({ took: `${Date.now() - start}` });
  }
});
expectTypeOf(timing).toEqualTypeOf<Middlewares<{ start: number }>>();

// One that adds nothing can be written apart, and so can one that adds, and one that needs what others add.
const plain: Middleware = async (_, next) => next();
const adding: Middleware<{ id: number }> = (_, next) => next({ id: 5 });
const needing: Middleware<{ both: string }, { id: number }> = ({ id }, next) => next({ both: `${id}` });
use(plain)
  .use(adding)
  .use(needing)
  .implement(other, { ask: (_, { both, id }) => `${both}${id}` });
// @ts-expect-error It needs what nobody has added.
use(plain).use(needing);
// @ts-expect-error The first one has nothing but the context.
use(needing);

// Which of two it adds can be said.
use(async ({ metadata }, next) =>
  metadata['token'] === undefined ? next<{ user: User | undefined }>({ user: undefined }) : next({ user: ann }),
).implement(other, { ask: (_, { user }) => user?.name ?? 'nobody' });

// To forget to go on, or to return what that gave, does not compile.
// @ts-expect-error Nothing is returned.
use(async (_, next) => {
  await next({ user: ann });
});
// @ts-expect-error It never goes on.
use(async () => {});
// @ts-expect-error It goes on in one case only.
use(async ({ metadata }, next) => {
  if (metadata['token'] !== undefined) return next();
  return undefined;
});
// @ts-expect-error Something else is returned.
use(async (_, next) => (await next()).output);
// @ts-expect-error What stands for a call that is over is not to be made.
use(async () => ({ output: 5 }));
// @ts-expect-error It is not added what was said.
export const wrong: Middleware<{ id: number }> = (_, next) => next({ id: 'text' });
// @ts-expect-error A middleware is a function.
use({});

// What a context has of its own cannot be hidden.
// @ts-expect-error
use((_, next) => next({ signal: 5 }));
// @ts-expect-error
use((_, next) => next({ user: ann, peer: ann }));
// @ts-expect-error
use((_, next) => next({ method: 'text.up' }));
// @ts-expect-error
use((_, next) => next({ input: 5 }));
// @ts-expect-error
use((_, next) => next({ setTrailer: () => {} }));
// @ts-expect-error Only properties can be added.
use((_, next) => next('text'));

// Behind middleware a context is still one: it can be the parent of a call.
signedIn.implement(other, {
  async ask(_, context) {
    expectTypeOf(context).toExtend<Context>();
    return context.peer.client(other).ask(undefined, { parent: context });
  },
});
