import { HEADER } from './frames.mjs';

const SIZE = 64 * 1024;

/** Writes frames straight into one buffer, which leaves in one write once the tick's callers have all had their turn. */
export class Outbox {
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

  add(text) {
    const room = HEADER + text.length;
    if (this.#end + room > this.#buffer.length) this.#grow(room);
    const buffer = this.#buffer;
    const at = this.#end;
    const length = buffer.latin1Write(text, at + HEADER);
    buffer[at] = length >>> 24;
    buffer[at + 1] = length >>> 16;
    buffer[at + 2] = length >>> 8;
    buffer[at + 3] = length;
    this.#end = at + HEADER + length;
    if (!this.#scheduled) {
      this.#scheduled = true;
      // Not a microtask: callers woken by other promises than ours would miss it.
      process.nextTick(this.#flush);
    }
  }

  #send() {
    if (this.#end === 0) return;
    this.#socket.write(this.#buffer.subarray(0, this.#end));
    // Unless the kernel has it all, the bytes still belong to the socket.
    if (this.#socket.writableLength > 0) this.#buffer = Buffer.allocUnsafeSlow(SIZE);
    this.#end = 0;
  }

  #grow(room) {
    this.#send();
    if (room > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(room);
  }
}
