export type { ClientOf, CloseOptions, Contract, Transport } from '@nearcall/core';
export type { BackoffOptions } from './backoff.ts';
export { type Connected, close, closed, connect, ready, state, watch } from './connect.ts';
export type { ConnectOptions } from './connect-options.ts';
export type { ClientState, ConnectionState, Connectivity } from './connectivity.ts';
export type { ConnectTarget, DialOptions } from './target.ts';
