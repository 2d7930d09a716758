/**
 * The floor of bulk: no chunks, no credit, but a reader that owns what it gives away, each message put together in
 * memory of its own. Anything longer is echoed on the same connection, behind
 * the blobs that were asked for before it.
 */
import { blob } from '../../blobs.mjs';
import { Frames, HEADER, lengthAt } from './frames.mjs';

/** A frame of one byte asks for the blob of that number. */
export function sendBlobs(socket) {
  const frames = new Frames();
  return (chunk) => {
    const bytes = frames.take(chunk);
    let next = 0;
    for (let at = 0; at < bytes.length; at = next) {
      next = at + HEADER + lengthAt(bytes, at);
      const body = bytes.subarray(at + HEADER, next);
      sendFrame(socket, body.length === 1 ? blob(body[0]) : body);
    }
  };
}

export class BlobReader {
  #socket;
  #waiting = [];
  #length = 0;
  #missing = HEADER;
  #message;

  constructor(socket) {
    this.#socket = socket;
  }

  blob(number) {
    return this.#ask(Buffer.of(number));
  }

  echo(bytes) {
    return this.#ask(bytes);
  }

  async call(text) {
    return (await this.#ask(Buffer.from(text, 'latin1'))).latin1Slice();
  }

  receive(chunk) {
    let at = 0;
    while (at < chunk.length) at = this.#message ? this.#body(chunk, at) : this.#header(chunk, at);
  }

  #ask(body) {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      sendFrame(this.#socket, body);
    });
  }

  #header(chunk, at) {
    this.#length = ((this.#length << 8) | chunk[at]) >>> 0;
    if (--this.#missing === 0) {
      this.#message = Buffer.allocUnsafeSlow(this.#length);
      this.#missing = this.#length;
    }
    return at + 1;
  }

  #body(chunk, at) {
    const end = Math.min(chunk.length, at + this.#missing);
    chunk.copy(this.#message, this.#length - this.#missing, at, end);
    this.#missing -= end - at;
    if (this.#missing === 0) {
      const message = this.#message;
      this.#message = undefined;
      this.#length = 0;
      this.#missing = HEADER;
      this.#waiting.shift()(message);
    }
    return end;
  }
}

function sendFrame(socket, body) {
  const header = Buffer.allocUnsafe(HEADER);
  header.writeUInt32BE(body.length, 0);
  socket.cork();
  socket.write(header);
  socket.write(body);
  socket.uncork();
}
