import { isUtf8 } from 'node:buffer';
import { need } from './cursor.ts';
import { other, type Party } from './party.ts';
import { isObject } from './payloads.ts';

/** What is asked and said of contracts, by PROTOCOL.md's section 5. */
export class DescriptionsModel {
  /** The methods of the other end that each party waits for a description of. */
  readonly awaits: readonly [Set<number>, Set<number>] = [new Set(), new Set()];
  readonly #asked: readonly [Set<number>, Set<number>] = [new Set(), new Set()];
  readonly #coming: [number | undefined, number | undefined] = [undefined, undefined];
  readonly #parts: [Buffer, Buffer] = [NOTHING, NOTHING];

  /** A DESCRIBE, where the other end has named so many methods. */
  ask(from: Party, number: number, named: number): void {
    need(number < named && !this.#asked[from].has(number));
    this.#asked[from].add(number);
    this.awaits[from].add(number);
  }

  /** A DESCRIPTION, or a part of one. */
  come(from: Party, number: number, more: boolean, part: Buffer): void {
    const awaits = this.awaits[other(from)];
    const coming = this.#coming[from];
    need(awaits.has(number) && (coming === undefined || coming === number));
    const text = Buffer.concat([this.#parts[from], part]);
    need(text.length <= 1024 * 1024);
    this.#coming[from] = more ? number : undefined;
    this.#parts[from] = more ? text : NOTHING;
    if (more) return;
    awaits.delete(number);
    need(text.length === 0 || (isUtf8(text) && isObject(text.toString())));
  }
}

const NOTHING = Buffer.alloc(0);
