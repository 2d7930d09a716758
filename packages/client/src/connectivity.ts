import type { RpcError } from '@nearcall/core';

/**
 * How a connection stands, in gRPC's words.
 *
 * - `CONNECTING`: it is being made. Calls wait.
 * - `READY`: calls can be made.
 * - `TRANSIENT_FAILURE`: it could not be made; attempts go on. Calls fail, unless they wait for it.
 * - `SHUTDOWN`: it is over, and not made again.
 */
export type Connectivity = 'CONNECTING' | 'READY' | 'TRANSIENT_FAILURE' | 'SHUTDOWN';

/** How a client stands. */
export interface ClientState {
  /** The best that any of its connections has. */
  readonly connectivity: Connectivity;
  /** Why calls fail, where they do. */
  readonly reason: RpcError | undefined;
  /** One for each address. */
  readonly connections: readonly ConnectionState[];
}

/** How the connection to one address stands. */
export interface ConnectionState {
  readonly address: string;
  readonly connectivity: Connectivity;
  /** How many calls are open on it. */
  readonly pending: number;
  /** Why the last attempt to connect failed, where it did. */
  readonly reason: RpcError | undefined;
}
