export type { CloseOptions, RemotePeer } from '@nearcall/core';
export { type ServeOptions, type Server, serve } from './serve.ts';
export type { ServerLimits } from './server-limits.ts';
