export type { CloseOptions, RemotePeer, Transport } from '@nearcall/core';
export { type HealthStatus, healthStatus } from './health-status.ts';
export { type ServeOptions, type ServeTarget, serve } from './serve.ts';
export type { Server } from './server.ts';
export type { ServerLimits } from './server-limits.ts';
