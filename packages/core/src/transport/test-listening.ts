import type { Transport } from './transport.ts';

/** Starts a transport and keeps what it tells, in order. */
export class Listening {
  readonly log: ('data' | 'drained' | 'ended' | 'closed')[] = [];
  received = '';
  readonly ended: Promise<void>;
  /** Fulfils with the error that it was closed for. */
  readonly closed: Promise<Error | undefined>;
  #look: () => void = () => {};

  constructor(transport: Transport) {
    let markEnded: () => void;
    let markClosed: (error: Error | undefined) => void;
    this.ended = new Promise((resolve) => {
      markEnded = resolve;
    });
    this.closed = new Promise((resolve) => {
      markClosed = resolve;
    });
    transport.start({
      data: (bytes) => {
        this.received += bytes.toString('latin1');
        this.#tell('data');
      },
      drained: () => this.#tell('drained'),
      ended: () => {
        this.#tell('ended');
        markEnded();
      },
      closed: (error) => {
        this.#tell('closed');
        markClosed(error);
      },
    });
  }

  /** Fulfils with what has come once that is enough. */
  until(enough: (received: string) => boolean): Promise<string> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (enough(this.received)) resolve(this.received);
      };
      this.#look();
    });
  }

  /** Fulfils once it has told this. */
  told(what: 'drained'): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (this.log.includes(what)) resolve();
      };
      this.#look();
    });
  }

  #tell(what: 'data' | 'drained' | 'ended' | 'closed'): void {
    this.log.push(what);
    this.#look();
  }
}

export function text(value: string): Uint8Array {
  return Buffer.from(value);
}
