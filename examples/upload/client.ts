/** Uploads a file, and prints what the server says of it: `client.js [PATH]`. */
import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connect } from '@nearcall/client';
import { readArguments } from '../address.ts';
import { uploads } from './contract.ts';

const { address, words } = readArguments('upload');
const [path = fileURLToPath(import.meta.url)] = words;

await using client = connect(address, uploads);
// Whatever can be iterated is a stream: an array, a generator, or a stream of Node's.
const { size, sha256 } = await client.upload(createReadStream(path));
console.log(`${size} bytes, SHA-256 ${sha256}`);
