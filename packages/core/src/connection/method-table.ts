import { KIND, type Kind } from '../contract/kind.ts';
import { MAX_METHODS } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { MethodDeclaration } from './call.ts';
import type { Fields } from './fields.ts';
import type { Host } from './host.ts';

/** A method that the other end has named, and what the host made of it. */
export interface DeclaredMethod<T> {
  readonly declaration: MethodDeclaration;
  /** Undefined where there is no such method here. */
  readonly target: T | undefined;
}

/** The methods that the other end has named, by the numbers it gave them. */
export class MethodTable<T> {
  readonly #host: Host<T>;
  readonly #methods: DeclaredMethod<T>[] = [];

  constructor(host: Host<T>) {
    this.#host = host;
  }

  get size(): number {
    return this.#methods.length;
  }

  get(number: number): DeclaredMethod<T> | undefined {
    return this.#methods[number];
  }

  /** Takes a METHOD: the next number, for a method's name. */
  declare(fields: Fields): void {
    const number = fields.u16();
    if (number !== this.#methods.length || number >= MAX_METHODS) {
      throw new ProtocolError(`METHOD with the number ${number}, where ${this.#methods.length} comes next`);
    }
    const kind = fields.u8();
    if (kind > KIND.event) throw new ProtocolError(`METHOD of the unknown kind ${kind}`);
    const service = fields.name();
    const name = fields.name();
    const fingerprint = Uint8Array.from(fields.view(fields.left));
    if (fingerprint.length !== 0 && fingerprint.length !== 8) {
      throw new ProtocolError(`METHOD with a fingerprint of ${fingerprint.length} bytes`);
    }
    const declaration = { service, name, kind: kind as Kind, fingerprint };
    this.#methods.push({ declaration, target: this.#host.resolve(declaration) });
  }
}
