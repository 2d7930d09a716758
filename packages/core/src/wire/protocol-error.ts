/**
 * The other end broke the protocol. The connection cannot go on: the message goes to it in a GOAWAY, and to whoever
 * has calls open here.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
