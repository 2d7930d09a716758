import {
  type Context,
  type HealthResponse,
  health,
  type Implementation,
  implement,
  RpcError,
  type ServingStatus,
} from '@nearcall/core';
import { HealthWatchers } from './health-watchers.ts';

/** How a server stands: what it tells those who ask by the contract `health`. */
export interface HealthStatus {
  /** To be served beside the others; on several servers too, which then stand alike. */
  readonly implementation: Implementation;
  /** How a service stands, or the whole server where that is `''`; undefined where nothing was said of it. */
  get(service: string): ServingStatus | undefined;
  /**
   * Says how a service stands, or the whole server where that is `''`. Each stands for itself: the server's status
   * changes no service's. Whoever watches it is told.
   *
   * @throws TypeError for a status that is none, or a name that no service can have.
   */
  set(service: string, status: Exclude<ServingStatus, 'SERVICE_UNKNOWN'>): void;
  /**
   * Says NOT_SERVING of the server and of every service that was ever set, and stays at that: a `set` behind it changes
   * nothing. For a server that is going to close, and wants to be left alone before.
   */
  shutdown(): void;
}

/**
 * Lets a server say how it stands. `initial`: how services stand at first, by their names. The whole server, which is
 * `''`, is SERVING unless that says otherwise; of other names nothing is said until they are set.
 *
 * When the server closes, whoever watches is told NOT_SERVING as the last thing.
 *
 * @throws TypeError for a status that is none, or a name that no service can have.
 * @example
 * ```ts
 * const status = healthStatus({ text: 'NOT_SERVING' });
 * const texts = implement(text, { uppercase: (s) => s.toUpperCase() });
 * const server = await serve('unix:/run/user/1000/text.sock', [texts, status.implementation]);
 * status.set('text', 'SERVING'); // whatever it needed is there
 * ```
 */
export function healthStatus(
  initial: { readonly [service: string]: Exclude<ServingStatus, 'SERVICE_UNKNOWN'> } = {},
): HealthStatus {
  const status = new Statuses();
  for (const [service, one] of Object.entries(initial)) status.set(service, one);
  return status;
}

const SETTABLE: readonly unknown[] = ['UNKNOWN', 'SERVING', 'NOT_SERVING'] satisfies ServingStatus[];

/** The longest name of a service, in bytes. */
const LONGEST_NAME = 255;

class Statuses implements HealthStatus {
  readonly implementation: Implementation;
  readonly #statuses = new Map<string, ServingStatus>([['', 'SERVING']]);
  readonly #watchers = new HealthWatchers();
  #shut = false;

  constructor() {
    this.implementation = implement(health, {
      check: ({ service }) => this.#check(service),
      watch: ({ service }, context) => this.#watch(service, context),
    });
  }

  get(service: string): ServingStatus | undefined {
    return this.#statuses.get(service);
  }

  set(service: string, status: Exclude<ServingStatus, 'SERVICE_UNKNOWN'>): void {
    if (typeof service !== 'string' || Buffer.byteLength(service) > LONGEST_NAME) {
      throw new TypeError(`No service has the name ${JSON.stringify(service)}: it is text of at most 255 bytes.`);
    }
    if (!SETTABLE.includes(status)) {
      throw new TypeError(`The status of "${service}" is ${status}; it must be one of ${SETTABLE.join(', ')}.`);
    }
    if (!this.#shut) this.#become(service, status);
  }

  shutdown(): void {
    this.#shut = true;
    for (const service of this.#statuses.keys()) this.#become(service, 'NOT_SERVING');
  }

  #become(service: string, status: ServingStatus): void {
    this.#statuses.set(service, status);
    this.#watchers.wake(service);
  }

  #check(service: string): HealthResponse {
    const status = this.#statuses.get(service);
    if (status !== undefined) return { status };
    throw new RpcError('NOT_FOUND', `This server says nothing of the health of a service "${service}".`);
  }

  /** Between two items nothing is kept but the last one: a watcher that is slow misses what was in between. */
  async *#watch(service: string, context: Context): AsyncGenerator<HealthResponse> {
    const { signal, draining } = context;
    let told: ServingStatus | undefined;
    while (!signal.aborted) {
      const status = closes(draining) ? 'NOT_SERVING' : (this.#statuses.get(service) ?? 'SERVICE_UNKNOWN');
      if (status !== told) {
        told = status;
        yield { status };
      } else if (draining.aborted) return;
      else await this.#watchers.next(service, context);
    }
  }
}

/** Whether it is this end that ends the connection, and not the watcher that goes. */
function closes(draining: AbortSignal): boolean {
  return draining.aborted && (draining.reason as RpcError).code === 'UNAVAILABLE';
}
