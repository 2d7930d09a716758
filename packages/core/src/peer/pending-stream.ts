import type { Inflow } from '../connection/inflow.ts';
import type { CallOptions } from '../contract/call-options.ts';
import { Invalid } from '../contract/schema.ts';
import type { NamedMethod } from '../contract/service.ts';
import { type Metadata, NO_METADATA } from '../error/metadata.ts';
import type { Failure } from '../error/rpc-error.ts';
import { codeOfAbort } from './abort-signals.ts';

import { Pending, type PendingOwner } from './pending.ts';
import { ResponseMetadata } from './response-metadata.ts';
import { ResponseReader, type ResponseSource } from './response-reader.ts';

/** Whom a stream asks to be opened, and given up. */
export interface StreamOwner extends PendingOwner {
  open(call: PendingStream): void;
  abandon(call: PendingStream): void;
}

/** A call whose answer is a stream. It opens when the first item is asked for. */
export class PendingStream extends Pending implements ResponseSource {
  readonly reader: ResponseReader;
  /** Heard out when it opens. */
  options: CallOptions | undefined = undefined;
  readonly #owner: StreamOwner;
  #opened = false;
  #gaveUp = false;
  #header: Metadata | undefined = undefined;

  constructor(owner: StreamOwner, method: NamedMethod, input: unknown, deadline: number) {
    super(owner, method, input, deadline);
    this.#owner = owner;
    this.reader = new ResponseReader(this, method.parseOutput);
  }

  override begun(): void {
    this.reader.attach(this.inflow as Inflow, this.method.forms?.output);
  }

  /** The stream has come whole, although its items may still wait to be read. */
  override answered(): void {
    if (this.settled) return;
    this.settle();
    this.reader.end();
  }

  protected override reject(failure: Failure): void {
    if (this.#gaveUp) this.reader.cancel(failure);
    else this.reader.end(failure);
  }

  override givenUp(failure: Failure): void {
    this.#gaveUp = true;
    this.failed(failure);
  }

  wanted(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#owner.open(this);
  }

  override headerCame(metadata: Metadata | undefined): void {
    this.#header = metadata ?? NO_METADATA;
    super.headerCame(metadata);
  }

  /** Somebody asks for what comes along with the items. */
  along(): ResponseMetadata {
    if (this.response === undefined) {
      this.response = new ResponseMetadata();
      if (this.#header !== undefined) this.response.headerCame(this.#header);
    }
    this.wanted();
    if (this.settled) this.response.over(this.trailer);
    return this.response;
  }

  left(): void {
    // What was never opened has nothing to be given up.
    if (!this.#opened) {
      this.settled = true;
      this.releaseInput();
    }
    this.#opened = true;
    if (!this.settled) this.#owner.abandon(this);
  }

  aborted(reason: unknown): Failure {
    const { fullName: method } = this.method;
    const message = `${method}: given up by its signal; all of it had come.`;
    return { code: codeOfAbort(reason), message, cause: reason, method };
  }

  faulty(error: unknown): Failure {
    const why = error instanceof Error ? error.message : String(error);
    const what = error instanceof Invalid ? 'does not match the contract' : 'cannot be read';
    this.left();
    const { fullName: method } = this.method;
    return { code: 'INTERNAL', message: `An item of the answer to ${method} ${what}: ${why}`, cause: error, method };
  }
}
