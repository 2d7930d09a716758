import { RpcError, use } from '@nearcall/core';
import { serve } from '@nearcall/server';
import { readArguments } from '../address.ts';
import { diary } from './contract.ts';

/** By the token that they were given: a user as the handlers know them. */
const users = new Map([
  ['token-of-ann', { name: 'Ann', pages: ['It rains.'] }],
  ['token-of-bob', { name: 'Bob', pages: [] as string[] }],
]);

/** Stands outermost: it tells how each call ended, and its caller how long it took. */
const measured = use(async (context, next) => {
  const start = performance.now();
  let how = 'failed';
  try {
    const result = await next();
    how = context.signal.aborted ? 'given up' : 'done';
    return result;
  } finally {
    console.log(`${context.method}: ${how}`);
    context.setTrailer({ took: `${(performance.now() - start).toFixed(3)} ms` });
  }
});

/** What stands inside of it, and the handlers, find the user in their contexts; without one they do not run. */
const signedIn = measured.use(async ({ metadata, method }, next) => {
  const { token } = metadata;
  const user = typeof token === 'string' ? users.get(token) : undefined;
  if (user === undefined) throw new RpcError('UNAUTHENTICATED', `${method} needs a token that is known here.`);
  return next({ user });
});

const implementation = signedIn.implement(diary, {
  write({ text }, { user }) {
    user.pages.push(text);
    return { page: user.pages.length };
  },
  async *read(_, { user, sendHeader }) {
    sendHeader({ pages: `${user.pages.length}` });
    for (const page of user.pages) yield `${user.name}: ${page}`;
  },
});

const { address } = readArguments('middleware');
const server = await serve(address, implementation);
console.log(`Listening at ${server.address} (Ctrl-C stops)`);
process.once('SIGINT', () => server.close());
