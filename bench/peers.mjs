import { NATIVE } from './native/peers.mjs';

/** All that a run takes where it is not told which. Each is a file in peers/, or in native/ a folder; ours comes last. */
export const DEFAULT_PEERS = [
  'raw',
  'raw-heap',
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
  ...Object.keys(NATIVE),
  'nearcall',
];

/** And those that are there to be asked for. */
export const PEERS = [...DEFAULT_PEERS, 'raw-onread'];
