import type { Check } from '../contract/schema.ts';
import type { ResponseStream } from '../contract/stream.ts';
import type { Metadata } from '../error/metadata.ts';
import { ItemReader, type ItemSource } from './item-reader.ts';
import type { ResponseMetadata } from './response-metadata.ts';

/** Where a response comes from: its items, and what comes along with them. */
export interface ResponseSource extends ItemSource {
  /** Somebody asks for what comes along. */
  along(): ResponseMetadata;
}

/** The reading end of a response stream. */
export class ResponseReader extends ItemReader implements ResponseStream<unknown> {
  readonly #response: ResponseSource;

  constructor(source: ResponseSource, parse: Check) {
    super(source, parse);
    this.#response = source;
  }

  get header(): Promise<Metadata> {
    return this.#response.along().header;
  }

  get trailer(): Promise<Metadata> {
    return this.#response.along().trailer;
  }
}
