/** Prints what the server has to say, until it hangs up. */
import { closed, connect } from '@nearcall/client';
import { implement } from '@nearcall/core';
import { readArguments } from '../address.ts';
import { greeting } from './contract.ts';

const { address } = readArguments('greeting');
const implementation = implement(greeting, { greet: (text) => console.log(text) });
// It calls nothing, hence the empty contract; and it ends with the connection.
const client = connect(address, {}, { implementations: implementation, reconnect: false });
await closed(client);
