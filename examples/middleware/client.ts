/** Writes into a diary and reads it, as whoever the token belongs to: `client.js [TOKEN]`. */
import { connect } from '@nearcall/client';
import { type Interceptor, RpcError } from '@nearcall/core';
import { readArguments } from '../address.ts';
import { diary } from './contract.ts';

const { address, words } = readArguments('middleware');
const [token] = words;

/** Adds the token to every call, so that nobody who makes one has to think of it. */
const signed: Interceptor = (call, next) =>
  token === undefined ? next() : next({ metadata: { ...call.options.metadata, token } });

/** Tells of every call how it ended. */
const told: Interceptor = async (call, next) => {
  try {
    const result = await next();
    console.log(`${call.method}: it is done`);
    return result;
  } catch (error) {
    console.log(`${call.method}: ${error instanceof RpcError ? error.message : error}`);
    throw error;
  }
};

await using client = connect(address, diary, { interceptors: [told, signed] });
try {
  const { page } = await client.write(
    { text: 'The sun shines.' },
    { onTrailer: ({ took }) => console.log(`the server measured it: ${/^\d+\.\d+ ms$/.test(`${took}`)}`) },
  );
  console.log(`wrote page ${page}`);
  const pages = client.read();
  console.log(`there are ${(await pages.header)['pages']} pages`);
  for await (const text of pages) console.log(text);
} catch (error) {
  if (!(error instanceof RpcError) || error.code !== 'UNAUTHENTICATED') throw error;
}
