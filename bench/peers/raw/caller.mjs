import { Frames, HEADER, lengthAt } from './frames.mjs';
import { Outbox } from './outbox.mjs';

/** Callers wait in a line, for answers come in the order of the calls. */
export class Caller {
  #frames = new Frames();
  #waiting = [];
  #next = 0;
  #outbox;
  #text = '';
  #enqueue = (resolve) => {
    this.#waiting.push(resolve);
    this.#outbox.add(this.#text);
  };

  constructor(socket) {
    this.#outbox = new Outbox(socket);
  }

  call(text) {
    // One executor for all calls: a promise runs it before its constructor returns.
    this.#text = text;
    return new Promise(this.#enqueue);
  }

  receive(chunk) {
    const bytes = this.#frames.take(chunk);
    // One crossing into C++ for the run, where one for each frame would dominate short texts.
    const run = bytes.latin1Slice();
    let offset = 0;
    while (offset < bytes.length) {
      const start = offset + HEADER;
      offset = start + lengthAt(bytes, offset);
      this.#shift()(run.slice(start, offset));
    }
  }

  #shift() {
    const resolve = this.#waiting[this.#next++];
    if (this.#next === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#next = 0;
    } else if (this.#next === 1024) {
      this.#waiting.splice(0, 1024);
      this.#next = 0;
    }
    return resolve;
  }
}
