import { type ClientOf, type Contract, checkContract } from '../contract/client.ts';
import type { Context } from '../contract/context.ts';
import type { RemotePeer } from '../contract/remote-peer.ts';
import type { Peer } from './peer.ts';
import { clientOf } from './stub.ts';

/** The other end as a handler calls it: its calls are nested in the one that is being served. */
export function remotePeer(peer: Peer, parent: Context): RemotePeer {
  return {
    client<C extends Contract>(contract: C): ClientOf<C> {
      checkContract(contract);
      return clientOf(peer, contract, parent) as ClientOf<C>;
    },
    closed: peer.closed,
    close: (options) => peer.close(options),
  };
}
