export type { ClientOf, CloseOptions, Contract } from '@nearcall/core';
export { type Connected, type ConnectOptions, close, closed, connect, ready } from './connect.ts';
