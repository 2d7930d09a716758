import { implement } from '@nearcall/core';
import { serve } from '@nearcall/server';
import { readArguments } from '../address.ts';
import { chat } from './contract.ts';
import { Room } from './room.ts';

const room = new Room();

const implementation = implement(chat, {
  // Reads one stream while the other is being sent: it returns the output at once, and goes on with the input.
  join(lines) {
    const member = room.enter();
    console.log(`somebody came: ${room.size} here`);
    const listen = async (): Promise<void> => {
      for await (const line of lines) room.say(line);
    };
    const leave = (): void => {
      room.leave(member);
      console.log(`somebody left: ${room.size} here`);
    };
    // The input ends when its sender has said all; it fails when the caller is gone.
    listen().then(leave, leave);
    return member;
  },
});

const { address } = readArguments('chat');
const server = await serve(address, implementation);
console.log(`Listening at ${server.address} (Ctrl-C stops)`);
// A stream without an end is broken off after a moment, instead of the ten seconds that calls get to finish.
process.once('SIGINT', () => server.close({ grace: 200 }));
