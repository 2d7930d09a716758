import { answering } from '../answering.ts';
import { memoryUse } from '../memory-use.ts';
import { implement, serve } from '../nearcall.ts';
import { blobs, endless, type Kind, rows, Sink, Source } from './contract.ts';

const [address = ''] = process.argv.slice(2);

let source: Source<unknown>;
let sink: Sink<unknown>;
let done: () => void = () => {};
let arrived: () => void = () => {};

/** Reads nothing by itself: the test says when. */
function take<T>(kind: Kind<T>) {
  return (input: AsyncIterator<T, undefined>): Promise<void> => {
    sink = new Sink(kind, input) as Sink<unknown>;
    arrived();
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
  /** Fulfils when the next stream has come here. */
  taking: () =>
    new Promise<void>((resolve) => {
      arrived = resolve;
    }),
  read: (count: number) => sink.read(count),
  leave: async () => {
    await sink.leave();
    done();
  },
});
