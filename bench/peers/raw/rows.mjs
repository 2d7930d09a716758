/**
 * The floor of a stream of small objects: the generator that makes them, a frame of their bytes for each, the sockets,
 * and new objects at the other end. The id is four bytes and the name the rest, which only these objects allow, and
 * nobody checks a schema, names a call or counts credit: whoever does has all this to pay as well.
 */
import { changed, rows, rowsAtOnce } from '../../rows.mjs';
import { Frames, HEADER, lengthAt } from './frames.mjs';
import { RowWriter } from './row-writer.mjs';

const ID = 4;

/** Answers a row with as many as its id says, which come at once where it has that name. */
export function sendRows(socket) {
  const frames = new Frames();
  const writer = new RowWriter(socket);
  return (chunk) => {
    readRows(frames.take(chunk), ({ id, name }) => writer.all(name === 'at once' ? rowsAtOnce(id) : rows(id)));
  };
}

/** Answers each row with another. */
export function changeRows(socket) {
  const frames = new Frames();
  const writer = new RowWriter(socket);
  return (chunk) => {
    readRows(
      frames.take(chunk),
      (row) => writer.add(changed(row)),
      () => writer.end(),
    );
    if (writer.isFull) {
      socket.pause();
      socket.once('drain', () => socket.resume());
    }
  };
}

export class RowClient {
  #frames = new Frames();
  #writer;
  #take;
  #end;

  constructor(socket) {
    this.#writer = new RowWriter(socket);
  }

  rows(count, take) {
    this.#writer.add({ id: count, name: '' });
    return this.#taken(take);
  }

  rowsAtOnce(count, take) {
    this.#writer.add({ id: count, name: 'at once' });
    return this.#taken(take);
  }

  async change(count, take) {
    await Promise.all([this.#taken(take), this.#writer.all(rows(count))]);
  }

  receive(chunk) {
    readRows(this.#frames.take(chunk), this.#take, this.#end);
  }

  #taken(take) {
    this.#take = take;
    return new Promise((resolve) => (this.#end = resolve));
  }
}

function readRows(bytes, take, end) {
  // One crossing into C++ for the run, as the caller does.
  const run = bytes.latin1Slice();
  let offset = 0;
  while (offset < bytes.length) {
    const id = offset + HEADER;
    offset = id + lengthAt(bytes, offset);
    if (offset === id) end();
    else take({ id: lengthAt(bytes, id), name: run.slice(id + ID, offset) });
  }
}
