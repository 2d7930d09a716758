import type { Implementation, Implemented } from './implement.ts';
import type { Kind } from './kind.ts';

/** All that one end serves: implementations by the names of their services. One serves every connection of a server. */
export class Implementations {
  readonly #services = new Map<string, Implementation>();

  /** @throws TypeError where two implementations have one name. */
  constructor(implementations: readonly Implementation[]) {
    for (const implementation of implementations) {
      if (!(implementation?.methods instanceof Map)) {
        throw new TypeError('There is nothing to serve: give what implement(service, handlers) returned.');
      }
      if (this.#services.has(implementation.service)) {
        throw new TypeError(`Two implementations are named "${implementation.service}"; a name can be served once.`);
      }
      this.#services.set(implementation.service, implementation);
    }
  }

  /** The names of the services. */
  get names(): string[] {
    return [...this.#services.keys()];
  }

  /** The handler for a method's name, if it is served here, as that kind. */
  find(service: string, method: string, kind: Kind): Implemented | undefined {
    const found = this.#services.get(service)?.methods.get(method);
    return found?.method.kind === kind ? found : undefined;
  }
}
