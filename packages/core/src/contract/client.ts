import type { AnyService } from './service.ts';

/** One service, or several by the names under which they are called. */
export type Contract = AnyService | { readonly [name: string]: AnyService };

/**
 * What calls a contract: a service's methods, or for several services an object of them by name. A single service's
 * method named `then` is left off, because awaiting the client would call it: use a record of services instead.
 */
export type ClientOf<C extends Contract> = C extends AnyService
  ? C['~client'] extends { readonly then: unknown }
    ? Omit<C['~client'], 'then'>
    : C['~client']
  : { readonly [K in keyof C]: C[K] extends AnyService ? C[K]['~client'] : never };

/** Whether a contract is one service and no record of several. */
export function isService(contract: Contract): contract is AnyService {
  const { name, methods } = contract as Partial<AnyService>;
  return typeof name === 'string' && typeof methods === 'object';
}

/** @throws TypeError for what is no contract. */
export function checkContract(contract: unknown): void {
  const known = typeof contract === 'object' && contract !== null;
  if (known && isService(contract as Contract)) return;
  if (known && Object.values(contract).every((part) => part instanceof Object && isService(part as Contract))) return;
  throw new TypeError('The contract is none: give what service(…) returned, or a record of such services.');
}
