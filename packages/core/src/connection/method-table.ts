import { KIND, type Kind } from '../contract/kind.ts';
import type { RpcError } from '../error/rpc-error.ts';
import { MAX_METHODS } from '../wire/limits.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { MethodDeclaration } from './call.ts';
import type { ContractChecks } from './contract-checks.ts';
import type { Fields } from './fields.ts';
import type { Host, Statement } from './host.ts';
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

/** Who compares the contracts of the two ends. */
interface Checking<T> {
  readonly checks: Pick<ContractChecks<T>, 'begin'>;
}

/** The methods that the other end has named, by the numbers it gave them. */
export class MethodTable<T> {
  readonly #host: Host<T>;
  readonly #checking: Checking<T>;
  #methods: DeclaredMethod<T>[] = [];

  constructor(host: Host<T>, checking: Checking<T>) {
    this.#host = host;
    this.#checking = checking;
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
    const own = target === undefined || fingerprint.length === 0 ? undefined : this.#host.contract(target);
    const comparable = own !== undefined && own.fingerprint.length > 0;
    const same = comparable && own.fingerprint.every((byte, i) => byte === fingerprint[i]);
    const method = same
      ? agreed(own, declaration, target)
      : { declaration, target, broken: undefined, parked: undefined };
    // A literal: with room for 17, as push makes it, an idle connection would hold 130 bytes more.
    if (number === 0) this.#methods = [method];
    else this.#methods.push(method);
    if (comparable && !same) this.#checking.checks.begin(number, method);
  }
}

/** By what this end says of a method, what it was found to be where the other end says the same. */
const found = new WeakMap<Statement, DeclaredMethod<unknown>>();

/** One about which both ends agree never changes. It is kept once, and not by each connection: it would hold 450 bytes. */
function agreed<T>(own: Statement, declaration: MethodDeclaration, target: T | undefined): DeclaredMethod<T> {
  const before = found.get(own) as DeclaredMethod<T> | undefined;
  if (before !== undefined && before.target === target && isNamed(before.declaration, declaration)) return before;
  const { service, name, kind } = declaration;
  const { fingerprint } = own;
  const method = { declaration: { service, name, kind, fingerprint }, target, broken: undefined, parked: undefined };
  found.set(own, method);
  return method;
}

function isNamed(one: MethodDeclaration, other: MethodDeclaration): boolean {
  return one.service === other.service && one.name === other.name && one.kind === other.kind;
}
