import { KIND, type Kind } from '../contract/kind.ts';
import type { RpcError } from '../error/rpc-error.ts';
import { MAX_METHODS } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { MethodDeclaration } from './call.ts';
import type { ContractChecks } from './contract-checks.ts';
import type { Fields } from './fields.ts';
import type { Host } from './host.ts';
import type { Parked } from './parked.ts';

/** A method that the other end has named, and what the host made of it. */
export interface DeclaredMethod<T> {
  readonly declaration: MethodDeclaration;
  /** Undefined where there is no such method here, or where it is `broken`. */
  target: T | undefined;
  /** Why it is not served, where the two ends' contracts of it do not fit. */
  broken: RpcError | undefined;
  /** The calls that wait, in their order, while the contracts are being compared. */
  parked: Parked<T> | undefined;
}

/** The methods that the other end has named, by the numbers it gave them. */
export class MethodTable<T> {
  readonly #host: Host<T>;
  readonly #methods: DeclaredMethod<T>[] = [];

  readonly #checks: ContractChecks<T>;

  constructor(host: Host<T>, checks: ContractChecks<T>) {
    this.#host = host;
    this.#checks = checks;
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
    if (number >= MAX_METHODS)
      throw new ProtocolError(`METHOD with the number ${number}, where ${MAX_METHODS} are taken`);
    if (number !== this.#methods.length) {
      throw new ProtocolError(`METHOD with the number ${number}, where ${this.#methods.length} comes next`);
    }
    const kind = fields.u8();
    if (kind > KIND.event) throw new ProtocolError(`METHOD of the unknown kind ${kind}`);
    const service = fields.name();
    const name = fields.name();
    const fingerprint: Uint8Array = Uint8Array.from(fields.view(fields.left));
    if (fingerprint.length !== 0 && fingerprint.length !== 8) {
      throw new ProtocolError(`METHOD with a fingerprint of ${fingerprint.length} bytes`);
    }
    const declaration = { service, name, kind: kind as Kind, fingerprint };
    const target = this.#host.resolve(declaration);
    declaration.fingerprint = this.#shared(fingerprint, target);
    const method: DeclaredMethod<T> = { declaration, target, broken: undefined, parked: undefined };
    this.#methods.push(method);
    this.#checks.begin(number, method);
  }

  /** One that is this end's as well is kept once, and not by each connection: it would hold 250 bytes. */
  #shared(fingerprint: Uint8Array, target: T | undefined): Uint8Array {
    if (fingerprint.length === 0 || target === undefined) return fingerprint;
    const own = this.#host.contract(target).fingerprint;
    return own.length > 0 && own.every((byte, i) => byte === fingerprint[i]) ? own : fingerprint;
  }
}
