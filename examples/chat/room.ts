import { PassThrough } from 'node:stream';
import { RpcError } from '@nearcall/core';
import type { Line } from './contract.ts';

/** How many lines wait for a member that does not read, before it has to go. */
const PATIENCE = 1000;

/** Those who are in one room: each a stream of what is said in it. */
export class Room {
  readonly #members = new Set<PassThrough>();

  get size(): number {
    return this.#members.size;
  }

  enter(): PassThrough {
    const member = new PassThrough({ objectMode: true, highWaterMark: PATIENCE });
    this.#members.add(member);
    return member;
  }

  leave(member: PassThrough): void {
    this.#members.delete(member);
    member.end();
  }

  say(line: Line): void {
    for (const member of this.#members) {
      if (!member.write(line)) member.destroy(new RpcError('RESOURCE_EXHAUSTED', 'You read too slowly.'));
    }
  }
}
