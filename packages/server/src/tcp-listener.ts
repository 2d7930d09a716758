import type { AddressInfo } from 'node:net';
import { addressText, type TcpAddress } from '@nearcall/core';
import { type Accept, Listener, netServer } from './listener.ts';
import { listening } from './socket-file/listening.ts';

/**
 * Listens at a port, or at one that the system chooses where the port is 0.
 *
 * @throws Error saying what stands in the way.
 */
export async function listenTcp(address: TcpAddress, accept: Accept): Promise<Listener> {
  const { host, port } = address;
  const net = netServer(accept);
  await listening(net, { host, port }).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`Cannot listen at ${addressText(address)}: ${whyNot(error, address)}`, { cause: error });
  });
  const bound = net.address() as AddressInfo;
  return new Listener(addressText({ kind: 'tcp', host, port: bound.port }), net);
}

function whyNot(error: NodeJS.ErrnoException, { host, port }: TcpAddress): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'another program is listening there. Stop it, or choose another port; port 0 lets the system choose.';
    case 'EADDRNOTAVAIL':
      return `this machine does not have the address ${host}.`;
    case 'EACCES':
      return `this user may not listen at port ${port}. Choose one above 1023.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host} is not known.`;
    default:
      return `${error.message}.`;
  }
}
