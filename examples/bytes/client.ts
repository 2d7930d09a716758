/** Is called by the server: gets 01 02 03 04, and gives 05 06 07 08 for it. */
import { closed, connect } from '@nearcall/client';
import { implement } from '@nearcall/core';
import { readArguments } from '../address.ts';
import { exchange } from './contract.ts';
import { hex } from './hex.ts';

const { address } = readArguments('bytes');
const implementation = implement(exchange, {
  swap(bytes) {
    console.log(`received ${hex(bytes)}`);
    return Uint8Array.of(5, 6, 7, 8);
  },
});
// It calls nothing, hence the empty contract; and it ends with the connection.
const client = connect(address, {}, { implementations: implementation, reconnect: false });
await closed(client);
