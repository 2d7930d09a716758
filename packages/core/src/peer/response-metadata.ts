import { type Metadata, NO_METADATA } from '../error/metadata.ts';

/** What comes along with the answer to a call, as whoever asked for it awaits it. */
export class ResponseMetadata {
  readonly header: Promise<Metadata>;
  readonly trailer: Promise<Metadata>;
  /** The header has come; {@link NO_METADATA} where it is certain that none will. Only the first time counts. */
  headerCame!: (metadata: Metadata) => void;
  #end!: (metadata: Metadata) => void;

  constructor() {
    this.header = new Promise((resolve) => {
      this.headerCame = resolve;
    });
    this.trailer = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** The call has settled. */
  over(trailer: Metadata | undefined): void {
    this.headerCame(NO_METADATA);
    this.#end(trailer ?? NO_METADATA);
  }
}

/**
 * Calls a listener with what comes, if anything does: in a job of its own and in the asynchronous context of this moment,
 * so that it neither runs among the bytes that are received, nor later than whoever awaits what is settled next.
 */
export function hear(
  coming: Promise<Metadata>,
  listener: (metadata: Metadata) => unknown,
  thrown: (error: unknown) => void,
): void {
  coming.then((metadata) => (metadata === NO_METADATA ? undefined : listener(metadata))).catch(thrown);
}
