import { RpcError } from '../error/rpc-error.ts';
import { giveForms } from '../wire/form.ts';
import { FLAG, FRAME, NO_CALL } from '../wire/frame.ts';
import { MAX_METHODS } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { MethodDeclaration } from './call.ts';
import type { Outbox } from './outbox.ts';

/** The methods that this end has named to the other. */
export class MethodNumbers {
  readonly #outbox: Outbox;
  readonly #numbers = new Map<MethodDeclaration, number>();
  /** What was asked for last, which is mostly what is asked for next: a map is four lines of a CPU's cache to look into. */
  #last: MethodDeclaration | undefined = undefined;
  #lastNumber = 0;
  /** Those that the other end has asked about. */
  #described: Set<number> | undefined = undefined;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  /**
   * The number of a method. The first time the other end is told of it, before anything that uses it.
   *
   * @throws RpcError not sent, where there are too many.
   */
  of(method: MethodDeclaration): number {
    if (method !== this.#last) {
      this.#lastNumber = this.#numbers.get(method) ?? this.#declare(method);
      this.#last = method;
    }
    return this.#lastNumber;
  }

  /** Answers a DESCRIBE. An empty description says that there is none. */
  describe(number: number, chunk: number): void {
    const method = [...this.#numbers.keys()][number];
    if (method === undefined) throw new ProtocolError('DESCRIBE for a method number that has no name');
    this.#described ??= new Set();
    if (this.#described.has(number)) throw new ProtocolError(`a second DESCRIBE for the method ${number}`);
    this.#described.add(number);
    this.#describe(number, method, chunk);
  }

  #describe(number: number, method: MethodDeclaration, chunk: number): void {
    // Thousands can be asked for at once, and each may be long.
    if (this.#outbox.full) return this.#outbox.later(() => this.#describe(number, method, chunk));
    const description = Buffer.from(method.description ?? '', 'utf8');
    const { frames } = this.#outbox;
    let at = 0;
    do {
      const part = description.subarray(at, at + chunk - 2);
      at += part.length;
      frames.begin(FRAME.DESCRIPTION, at < description.length ? FLAG.MORE : 0, NO_CALL, 2 + part.length);
      frames.u16(number);
      frames.bytes(part);
      frames.end();
    } while (at < description.length);
  }

  #declare(method: MethodDeclaration): number {
    const number = this.#numbers.size;
    if (number === MAX_METHODS) {
      throw new RpcError('RESOURCE_EXHAUSTED', `One connection can name ${MAX_METHODS} methods, and has.`, {
        execution: 'not-sent',
      });
    }
    this.#numbers.set(method, number);
    giveForms(method);
    const { kind, fingerprint } = method;
    const service = Buffer.from(method.service, 'utf8');
    const name = Buffer.from(method.name, 'utf8');
    const { frames } = this.#outbox;
    frames.begin(FRAME.METHOD, 0, 0, 5 + service.length + name.length + fingerprint.length);
    frames.u16(number);
    frames.buffer[frames.at++] = kind;
    for (const part of [service, name]) {
      frames.buffer[frames.at++] = part.length;
      frames.bytes(part);
    }
    frames.bytes(fingerprint);
    frames.end();
    return number;
  }
}
