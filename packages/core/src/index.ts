export { type CallOptions, DEFAULT_DEADLINE } from './contract/call-options.ts';
export type { Context } from './contract/context.ts';
export { type Handler, type Implementation, implement } from './contract/implement.ts';
export { Implementations } from './contract/implementations.ts';
export {
  type DeclaredError,
  type ErrorSchemas,
  type Method,
  type MethodDefinition,
  type MethodOf,
  type MethodWithErrors,
  method,
  type Throws,
} from './contract/method.ts';
export type { InputOf, OutputOf, Schema } from './contract/schema.ts';
export {
  type AnyService,
  type Client,
  type Handlers,
  type Methods,
  type Service,
  service,
} from './contract/service.ts';
export { CODES, type Code } from './error/code.ts';
export { type Execution, RpcError, type RpcErrorOptions } from './error/rpc-error.ts';
export { type CloseOptions, DEFAULT_GRACE, Peer, type PeerOptions } from './peer/peer.ts';
export { stub } from './peer/stub.ts';
export { MAX_SOCKET_PATH_BYTES, socketPath } from './transport/address.ts';
export { duplexTransport } from './transport/duplex.ts';
export { memoryTransports } from './transport/memory.ts';
export type { Transport, TransportEvents } from './transport/transport.ts';
export { DEFAULT_LIMITS, type Limits, limitsWith } from './wire/limits.ts';
