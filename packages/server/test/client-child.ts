import { answering } from './answering.ts';
import { text } from './contract.ts';
import { connect, ready } from './nearcall.ts';

const [address = ''] = process.argv.slice(2);
const client = connect(address, text);
await ready(client);

answering({
  uppercase: (value: string) => client.uppercase(value),
  /** Makes so many calls of `hang`, and leaves them pending. */
  hang: (count: number) => {
    for (let i = 0; i < count; i++) client.hang().catch(() => {});
  },
  /** Makes a call of `hang` that is given up after so many milliseconds. */
  hangFor: (deadline: number) => {
    client.hang(undefined, { deadline }).catch(() => {});
  },
  /** Makes so many calls at once, and gives their results in the order of the calls. */
  many: (count: number) => Promise.all(Array.from({ length: count }, (_, i) => client.uppercase(`call ${i}`))),
  length: async (size: number) => (await client.uppercase('a'.repeat(size))).length,
});
