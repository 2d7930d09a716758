import { CODES, codeFromNumber } from './code.ts';
import type { Failure, RpcError } from './rpc-error.ts';

/** An error as it crosses the wire. */
export interface WireError {
  /** The number of the status code. */
  readonly code: number;
  readonly message: string;
  /** Whether the handler was started. Where it was not, the call may be made again. */
  readonly ran: boolean;
  /** The name of an error that the contract declares. */
  readonly name?: string;
  /** The data of an error that the contract declares, encoded by its schema. */
  readonly data?: unknown;
}

/** What of an error goes to the other side: neither its cause nor its stack. */
export function toWire(error: RpcError): WireError {
  const wire: WireError = {
    code: CODES[error.code],
    message: error.message.toWellFormed(),
    ran: error.execution === 'unknown',
  };
  return error.name === 'RpcError' ? wire : { ...wire, name: error.name, data: error.data };
}

/** Reads what came as an error from the other side. What is missing or of the wrong kind reads as its default. */
export function fromWire(said: unknown): Failure {
  const fields: Partial<Record<keyof WireError, unknown>> = typeof said === 'object' && said !== null ? said : {};
  const { code, message, ran, name, data } = fields;
  return {
    code: codeFromNumber(code),
    message: typeof message === 'string' ? message : 'The other side gave no message.',
    execution: ran === false ? 'rejected' : 'unknown',
    ...(typeof name === 'string' ? { name, data } : {}),
  };
}
