import { createHash } from 'node:crypto';
import { implement } from '@nearcall/core';
import { serve } from '@nearcall/server';
import { readArguments } from '../address.ts';
import { uploads } from './contract.ts';

const implementation = implement(uploads, {
  async upload(chunks) {
    const hash = createHash('sha256');
    let size = 0;
    // Whoever reads slowly is sent to slowly: what has not been read is never more than a window (limit "window").
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.length;
    }
    console.log(`took ${size} bytes`);
    return { size, sha256: hash.digest('hex') };
  },
});

const { address } = readArguments('upload');
const server = await serve(address, implementation);
console.log(`Listening at ${server.address} (Ctrl-C stops)`);
process.once('SIGINT', () => server.close());
