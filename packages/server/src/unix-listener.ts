import cluster from 'node:cluster';
import { addressText, type UnixAddress } from '@nearcall/core';
import { type Accept, Listener, netServer } from './listener.ts';
import { listenInCluster } from './socket-file/cluster-socket-file.ts';
import type { SocketAccess } from './socket-file/socket-access.ts';
import { listen } from './socket-file/socket-file.ts';

/**
 * Listens at a socket file, which only those can connect to who may. The workers of a cluster share it.
 *
 * @throws Error saying what stands in the way.
 */
export async function listenUnix(address: UnixAddress, accept: Accept, access: SocketAccess): Promise<Listener> {
  const net = netServer(accept);
  const file = await (cluster.isWorker ? listenInCluster : listen)(net, address.path, access).catch((error: Error) => {
    if (error.message.startsWith('Cannot listen')) throw error;
    throw new Error(`Cannot listen at ${address.path}: ${error.message}`, { cause: error });
  });
  return new Listener(addressText(address), net, file);
}
