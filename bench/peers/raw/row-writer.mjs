import { once } from 'node:events';

const SIZE = 64 * 1024;
const HEAD = 8;

/** Writes rows straight into one buffer, which leaves when it is full and at the end of the tick. */
export class RowWriter {
  #socket;
  #buffer = Buffer.allocUnsafeSlow(SIZE);
  #end = 0;
  #scheduled = false;
  #flush = () => {
    this.#scheduled = false;
    this.#send();
  };

  constructor(socket) {
    this.#socket = socket;
  }

  get isFull() {
    return this.#socket.writableNeedDrain;
  }

  /** Each row of a generator, as fast as the socket takes them. */
  async all(rows) {
    if (Symbol.iterator in rows) {
      for (const row of rows) if (!this.add(row)) await once(this.#socket, 'drain');
    } else {
      for await (const row of rows) if (!this.add(row)) await once(this.#socket, 'drain');
    }
    this.end();
  }

  /** False where it is time to wait. The row is taken all the same. */
  add({ id, name }) {
    if (this.#end + HEAD + name.length > SIZE) this.#send();
    const buffer = this.#buffer;
    const length = buffer.latin1Write(name, this.#end + HEAD);
    this.#u32(length + 4);
    this.#u32(id);
    this.#end += length;
    this.#schedule();
    return !this.#socket.writableNeedDrain;
  }

  /** A frame of nothing. */
  end() {
    if (this.#end + HEAD > SIZE) this.#send();
    this.#u32(0);
    this.#schedule();
  }

  #u32(value) {
    const buffer = this.#buffer;
    const at = this.#end;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
    this.#end = at + 4;
  }

  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#flush);
  }

  #send() {
    if (this.#end === 0) return;
    this.#socket.write(this.#buffer.subarray(0, this.#end));
    // Unless the kernel has it all, the bytes still belong to the socket.
    if (this.#socket.writableLength > 0) this.#buffer = Buffer.allocUnsafeSlow(SIZE);
    this.#end = 0;
  }
}
