export type { CloseOptions } from '@nearcall/core';
export { type ClientOf, type ConnectOptions, type Contract, close, connect, ready } from './connect.ts';
