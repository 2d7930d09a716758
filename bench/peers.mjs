import { NATIVE } from './native/peers.mjs';

// raw-onread is not among them, it is there to be asked for.
const NODE = [
  'raw',
  'hand',
  'effect',
  'grpc-js',
  'connect-es',
  'trpc',
  'orpc',
  'vscode-jsonrpc',
  'birpc',
  'capnweb',
  'node-ipc',
  'fastify',
  'fork-json',
  'fork-advanced',
  'message-port',
  'imports',
];

/** All that a run takes where it is not told which: ours comes last. */
export const DEFAULT_PEERS = [...NODE, ...Object.keys(NATIVE), 'nearcall'];
