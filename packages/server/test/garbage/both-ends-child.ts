import { answering } from '../answering.ts';
import { connect, implement, ready, serve } from '../nearcall.ts';
import { echo } from './contract.ts';

const [address = ''] = process.argv.slice(2);
const MIB = 1024 * 1024;

await serve(address, implement(echo, { bytes: (bytes) => bytes }));
const client = connect(address, echo);
await ready(client);

/** So many loops, each of which has 1 MiB sent back again and again, until so many have come. */
async function exchange(messages: number, inFlight: number, each: () => void): Promise<void> {
  const bytes = new Uint8Array(MIB);
  let left = messages;
  const loop = async (): Promise<void> => {
    while (left-- > 0) {
      if ((await client.bytes(bytes)).length !== MIB) throw new Error('Other bytes came back.');
      each();
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
}

answering({
  /** The bytes of messages in memory, seen again and again while what is young is collected. */
  run: async (inFlight: number) => {
    await exchange(64, inFlight, () => {});
    let come = 0;
    const held: number[] = [];
    await exchange(320, inFlight, () => {
      come++;
      // Once, with messages under way: what this finds alive is old from then on.
      if (come === 8) globalThis.gc?.();
      if (come % 8 !== 0) return;
      globalThis.gc?.({ type: 'minor', execution: 'sync' });
      held.push(process.memoryUsage().arrayBuffers);
    });
    return held;
  },
});
