import { answering } from '../answering.ts';
import { memoryUse } from '../memory-use.ts';
import { implement, serve } from '../nearcall.ts';
import { blobs, endless, type Kind, rows, Sink, Source } from './contract.ts';

const [address = ''] = process.argv.slice(2);

let source: Source<unknown>;
let sink: Sink<unknown>;
let done: () => void = () => {};
let taken = 0;

/** Reads nothing by itself: the test says when. */
function take<T>(kind: Kind<T>) {
  return (input: AsyncIterator<T, undefined>): Promise<void> => {
    sink = new Sink(kind, input) as Sink<unknown>;
    taken++;
    return new Promise((resolve) => {
      done = resolve;
    });
  };
}

function give<T>(kind: Kind<T>) {
  return (): Source<T> => {
    const made = new Source(kind);
    source = made as Source<unknown>;
    return made;
  };
}

await serve(
  address,
  implement(endless, {
    rows: give(rows),
    bytes: give(blobs),
    takeRows: take(rows),
    takeBytes: take(blobs),
    echo: (value) => value,
  }),
);

answering({
  memory: memoryUse,
  made: () => source.made,
  returned: () => source.returned,
  /** How many streams have come here. */
  taken: () => taken,
  read: (count: number) => sink.read(count),
  leave: async () => {
    await sink.leave();
    done();
  },
});
