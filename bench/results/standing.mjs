/**
 * What each peer is to ours, which says how it is drawn: ours itself; rivals, which check what they carry as ours does;
 * others, which do not; and floors, which are no RPC but what one would be built on.
 */
const PEERS = {
  nearcall: { title: 'nearcall', standing: 'ours' },
  hand: { title: 'hand-written: net, msgpackr, zod', short: 'hand-written', standing: 'rival' },
  effect: { title: 'Effect RPC', standing: 'rival', npm: 'effect' },
  'grpc-js': { title: 'gRPC (grpc-js)', standing: 'rival', npm: '@grpc/grpc-js' },
  'connect-es': { title: 'Connect (gRPC)', standing: 'rival', npm: '@connectrpc/connect-node' },
  trpc: { title: 'tRPC over ws', standing: 'rival', npm: '@trpc/server' },
  orpc: { title: 'oRPC over ws', standing: 'rival', npm: '@orpc/server' },
  fastify: { title: 'fastify + undici', standing: 'rival', npm: 'fastify' },
  'grpc-cpp': { title: 'gRPC C++', standing: 'rival', debian: 'libgrpc++-dev' },
  'capnp-cpp': { title: "Cap'n Proto C++", standing: 'rival', debian: 'libcapnp-dev' },
  'grpc-go': { title: 'gRPC Go', standing: 'rival', debian: 'golang-google-grpc-dev' },
  'ttrpc-go': { title: 'ttrpc Go', standing: 'rival', debian: 'golang-github-containerd-ttrpc-dev' },
  'vscode-jsonrpc': { title: 'vscode-jsonrpc', standing: 'other', npm: 'vscode-jsonrpc' },
  birpc: { title: 'birpc', standing: 'other', npm: 'birpc' },
  capnweb: { title: "Cap'n Web over ws", standing: 'other', npm: 'capnweb' },
  'node-ipc': { title: 'node-ipc', standing: 'other', npm: 'node-ipc' },
  raw: { title: 'raw socket in Node', standing: 'floor' },
  'raw-heap': { title: "raw socket, a program's heap", standing: 'floor' },
  'raw-onread': { title: 'raw socket, onread', standing: 'floor' },
  'c-echo': { title: 'raw socket in C', standing: 'floor' },
  'message-port': { title: 'MessagePort', standing: 'floor' },
  'fork-json': { title: 'fork IPC, json', standing: 'floor' },
  'fork-advanced': { title: 'fork IPC, advanced', standing: 'floor' },
  imports: { title: 'Node, importing zod and msgpackr', short: 'Node, zod, msgpackr', standing: 'floor' },
};

export const STANDINGS = ['ours', 'rival', 'other', 'floor'];

export function titleOf(peer) {
  return PEERS[peer]?.title ?? peer;
}

/** Where there is little room. */
export function shortTitleOf(peer) {
  return PEERS[peer]?.short ?? titleOf(peer);
}

export function standingOf(peer) {
  return PEERS[peer]?.standing ?? 'other';
}

/** The RPCs, that is all rivals that one can install. */
export const RIVALS = Object.keys(PEERS).filter((peer) => standingOf(peer) === 'rival' && peer !== 'hand');

/** The packages whose versions say which peer was measured. */
export const PACKAGES = Object.entries(PEERS)
  .filter(([, { npm, debian }]) => npm ?? debian)
  .map(([peer, { npm, debian }]) => ({ peer, npm, debian }));
