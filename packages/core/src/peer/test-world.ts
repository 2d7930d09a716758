/** Two ends of a connection within one process, for the tests of this room. No part of the package. */
import { expect } from 'vitest';
import { implement } from '../contract/implement.ts';
import { Implementations } from '../contract/implementations.ts';
import type { Client, Handlers, Methods, Service } from '../contract/service.ts';
import { memoryTransports } from '../transport/memory.ts';
import type { Transport } from '../transport/transport.ts';
import type { Limits } from '../wire/limits.ts';
import { Peer } from './peer.ts';
import type { PeerOptions } from './peer-options.ts';

export interface Ends extends AsyncDisposable {
  readonly near: Peer;
  readonly far: Peer;
  /** The near end's side of the line, to be cut. */
  readonly line: Transport;
  /** What `onError` heard, at either end. */
  readonly reported: [error: unknown, method: string][];
}

/** What an end serves and takes. */
export type Setting = Pick<PeerOptions, 'implementations' | 'limits' | 'interceptors'>;

/** Both ends of a connection. At the end of their block they are closed, whatever still goes on. */
export function ends(nearSetting: Setting, farSetting: Setting): Ends {
  const reported: [unknown, string][] = [];
  const onError = (error: unknown, method: string): void => void reported.push([error, method]);
  const [line, other] = memoryTransports();
  const near = new Peer(line, { ...nearSetting, role: 'dialer', onError });
  const far = new Peer(other, { ...farSetting, role: 'acceptor', onError });
  return {
    near,
    far,
    line,
    reported,
    async [Symbol.asyncDispose]() {
      await Promise.all([near.close({ grace: 0 }), far.close({ grace: 0 })]);
    },
  };
}

/** Both ends of a connection, and what the near one calls the far one with. */
export interface World<M extends Methods> extends Ends {
  readonly client: Client<M>;
}

/** What each end takes. */
export interface Takes {
  readonly near?: Partial<Limits>;
  readonly far?: Partial<Limits>;
}

/** Both ends of a connection, of which the far one serves. */
export function worldOf<M extends Methods>(service: Service<M>, handlers: Handlers<M>, takes: Takes = {}): World<M> {
  const implementations = new Implementations([implement(service, handlers)]);
  const both = ends({ limits: takes.near }, { limits: takes.far, implementations });
  return { ...both, client: both.near.client(service) as Client<M> };
}

/** Whatever is under way within the process has arrived. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** What it looks like when everything has been cleaned up. */
export function expectNothingLeft({ near, far, reported }: Ends): void {
  expect([near.pending, near.serving, far.pending, far.serving]).toEqual([0, 0, 0, 0]);
  expect(reported).toEqual([]);
}
