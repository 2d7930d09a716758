import { type ClientOf, type Contract, checkContract } from '../contract/client.ts';
import type { Context } from '../contract/context.ts';
import type { RemotePeer } from '../contract/remote-peer.ts';
import { clientOf, type StubOwner } from './stub.ts';

/** The other end as a handler calls it: its calls are nested in the one that is being served. */
export function remotePeer(peer: RemotePeer, parent: Context, calls: StubOwner): RemotePeer {
  return {
    client<C extends Contract>(contract: C): ClientOf<C> {
      checkContract(contract);
      return clientOf(calls, contract, parent) as ClientOf<C>;
    },
    closed: peer.closed,
    get credentials() {
      return peer.credentials;
    },
    close: (options) => peer.close(options),
  };
}
