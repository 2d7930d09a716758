import type { RemotePeer } from '../contract/remote-peer.ts';
import type { Peer } from './peer.ts';

/** What a user wants done with each connection, as soon as calls can be made over it. */
export type OnConnect = (peer: RemotePeer) => void | Promise<void>;

/** Does it, and tells of what it throws as of a handler's error. */
export function callOnConnect(peer: Peer, onConnect: OnConnect | undefined): void {
  if (onConnect !== undefined) peer.run(() => onConnect(peer), 'onConnect');
}
