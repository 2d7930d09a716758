export type { CloseOptions, RemotePeer, Transport } from '@nearcall/core';
export type { Admission } from './admission.ts';
export { type HandedOver, type HandedOverOptions, handedOver } from './hand-over/handed-over.ts';
export { type HealthStatus, healthStatus } from './health-status.ts';
export type { InheritedSocket } from './inherited-socket.ts';
export { type ServeOptions, type ServeTarget, serve } from './serve.ts';
export type { HandOverOptions, Server } from './server.ts';
export type { ServerLimits } from './server-limits.ts';
export { type SystemdSocket, systemdSockets } from './systemd-sockets.ts';
