/** A worker: does what its parent asks for, until it is dismissed. */
import { closed, connect } from '@nearcall/client';
import { implement } from '@nearcall/core';
import { readArguments } from '../address.ts';
import { library, worker } from './contract.ts';

const implementation = implement(worker, {
  async countWords({ title }, { peer }) {
    // A call back to the caller, nested in its own call: it ends when that does, at the latest.
    const text = await peer.client(library).read({ title });
    console.log(`counts the words of "${title}"`);
    return { count: text.split(' ').length, pid: process.pid };
  },
});

const { address } = readArguments('workers');
// It ends with the connection.
const client = connect(address, library, { implementations: implementation, reconnect: false });
await closed(client);
