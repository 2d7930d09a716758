export { Budget, type Budgets } from './connection/budget.ts';
export { type CallOptions, DEFAULT_DEADLINE } from './contract/call-options.ts';
export { type ClientOf, type Contract, checkContract } from './contract/client.ts';
export type { Context } from './contract/context.ts';
export { event } from './contract/event.ts';
export { type HealthMethods, health } from './contract/health.ts';
export type { HealthRequest, HealthResponse, ServingStatus } from './contract/health-schemas.ts';
export { type Handler, type Implementation, type ImplementOptions, implement } from './contract/implement.ts';
export { Implementations } from './contract/implementations.ts';
export { type CallResult, checkInterceptors, type InterceptedCall, type Interceptor } from './contract/interceptor.ts';
export { type ErrorSchemas, type MethodDefinition, method, type Part } from './contract/method.ts';
export type {
  ClientStreamMethod,
  ClientStreamMethodWithErrors,
  DeclaredError,
  DeclaredErrorOptions,
  DeclaredErrors,
  DuplexMethod,
  EventMethod,
  Method,
  MethodOf,
  MethodWithErrors,
  ServerStreamMethod,
  Throws,
} from './contract/method-type.ts';
export {
  type Grown,
  type HandlersWith,
  type Middleware,
  type MiddlewareContext,
  type Middlewares,
  type Next,
  type Proceed,
  type Reserved,
  use,
} from './contract/middleware.ts';
export type { CloseOptions, RemotePeer } from './contract/remote-peer.ts';
export { type PlainError, type Settled, safe } from './contract/safe.ts';
export type { InputOf, OutputOf, Schema } from './contract/schema.ts';
export {
  type AnyService,
  type Client,
  type Handlers,
  type Methods,
  type Service,
  service,
} from './contract/service.ts';
export { type Items, type RequestStream, type ResponseStream, type Stream, stream } from './contract/stream.ts';
export { CODES, type Code } from './error/code.ts';
export type { Metadata } from './error/metadata.ts';
export { type Execution, type Failure, RpcError, type RpcErrorOptions } from './error/rpc-error.ts';
export { checkOptions, type OptionKind, type OptionKinds } from './peer/check-options.ts';
export { type Clock, systemClock } from './peer/clock.ts';
export type { Exit, ExitUser } from './peer/exit.ts';
export type { Exits } from './peer/exits.ts';
export { intercepted } from './peer/intercepted.ts';
export { Invoker } from './peer/invoker.ts';
export { callOnConnect, type OnConnect } from './peer/on-connect.ts';
export { Peer } from './peer/peer.ts';
export { checkGrace, DEFAULT_GRACE, DEFAULT_HANDSHAKE, type PeerOptions } from './peer/peer-options.ts';
export type { Pending } from './peer/pending.ts';
export { type ErrorListener, Reports } from './peer/reports.ts';
export { clientOf, type StubOwner } from './peer/stub.ts';
export {
  type Address,
  type AddressOptions,
  addressText,
  MAX_SOCKET_PATH_BYTES,
  parseAddress,
  type TcpAddress,
  type UnixAddress,
} from './transport/address.ts';
export type { Credentials } from './transport/credentials.ts';
export { localAddress } from './transport/local-address.ts';
export { memoryTransports } from './transport/memory.ts';
export { messagePortTransport } from './transport/message-port.ts';
export { requireCredentials } from './transport/socket-credentials.ts';
export { duplexTransport, streamTransport } from './transport/stream.ts';
export { hear } from './transport/stream-listeners.ts';
export { isTransport, type Transport, type TransportEvents } from './transport/transport.ts';
export { DEFAULT_LIMITS, type Limits, limitsWith, type OwnLimits } from './wire/limits.ts';
