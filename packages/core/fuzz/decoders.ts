import { readDescription } from '../src/contract/description/description.ts';
import { type BodyLimits, decodeBody } from '../src/wire/body.ts';
import { decodeHello, type Hello } from '../src/wire/hello.ts';
import { decodeItems } from '../src/wire/items.ts';
import { decodeMetadata } from '../src/wire/metadata.ts';

/** What is under test, so that a mutant can stand in its place. */
export interface Decoders {
  body(bytes: Buffer, start: number, end: number, raw: boolean, limits: BodyLimits): unknown;
  items(bytes: Buffer, start: number, end: number, limits: BodyLimits): unknown[];
  metadata(bytes: Buffer, start: number, end: number): object;
  hello(bytes: Uint8Array, start: number, end: number): Hello;
  description(text: string): object;
}

export const DECODERS: Decoders = {
  body: decodeBody,
  items: decodeItems,
  metadata: decodeMetadata,
  hello: decodeHello,
  description: readDescription,
};
