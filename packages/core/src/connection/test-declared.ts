import type { Kind } from '../contract/kind.ts';
import type { MethodDeclaration } from './call.ts';

/** A method as a contract would declare it, without a fingerprint. */
export function declared(service: string, name: string, kind: Kind): MethodDeclaration {
  return { service, name, kind, fingerprint: new Uint8Array(0) };
}
