import { answering } from '../answering.ts';
import { memoryUse } from '../memory-use.ts';
import { connect, ready } from '../nearcall.ts';
import { blobs, endless, rows, Sink, Source } from './contract.ts';

const [address = ''] = process.argv.slice(2);
const client = connect(address, endless);
await ready(client);

let source: Source<unknown>;
let sink: Sink<unknown>;

const opening = {
  rows: () => {
    sink = new Sink(rows, client.rows()) as Sink<unknown>;
  },
  bytes: () => {
    sink = new Sink(blobs, client.bytes()) as Sink<unknown>;
  },
  takeRows: () => {
    const made = new Source(rows);
    source = made as Source<unknown>;
    client.takeRows(made).catch(() => {});
  },
  takeBytes: () => {
    const made = new Source(blobs);
    source = made as Source<unknown>;
    client.takeBytes(made).catch(() => {});
  },
};

/** The milliseconds of 1,000 calls, 32 at once. */
async function round(): Promise<number> {
  const from = performance.now();
  let made = 0;
  const worker = async (): Promise<void> => {
    while (made < 1000) {
      const value = `call ${made++}`;
      if ((await client.echo(value)) !== value) throw new Error(`${value} got another answer.`);
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  return performance.now() - from;
}

answering({
  memory: memoryUse,
  open: (kind: keyof typeof opening) => opening[kind](),
  made: () => source.made,
  returned: () => source.returned,
  read: (count: number) => sink.read(count),
  leave: () => sink.leave(),
  /** Makes calls for so many milliseconds at least; how long the quickest of their rounds took. */
  calls: async (milliseconds: number) => {
    const end = performance.now() + milliseconds;
    let best = Number.POSITIVE_INFINITY;
    // The quickest of many is the one that nothing else on the machine has disturbed.
    for (let i = 0; i < 50 || performance.now() < end; i++) best = Math.min(best, await round());
    return best;
  },
});
