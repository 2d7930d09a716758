import type { Code } from './code.ts';
import { type Metadata, NO_METADATA } from './metadata.ts';

/**
 * Whether the handler of a failed call may have run.
 *
 * - `not-sent`: the request never left this process. Calling again is safe.
 * - `rejected`: the other side refused the request before any handler saw it. Calling again is safe.
 * - `unknown`: the handler has run, or may have. Call again only if running twice does no harm.
 */
export type Execution = 'not-sent' | 'rejected' | 'unknown';

/** What an {@link RpcError} carries besides its code and message. */
export interface RpcErrorOptions {
  /** Whether the handler may have run. Default: `'unknown'`. */
  readonly execution?: Execution;
  /** The name of an error that the contract declares. */
  readonly name?: string;
  /** The data of an error that the contract declares. */
  readonly data?: unknown;
  /** The method that failed, as `service.method`. */
  readonly method?: string | undefined;
  /** What goes to the caller with the error besides. Default: nothing. */
  readonly metadata?: Metadata | undefined;
  /** What led to this error. It stays in the process: causes do not cross the wire. */
  readonly cause?: unknown;
}

/** What there is to say of a failed call, before it is an error with a stack. */
export interface Failure extends RpcErrorOptions {
  readonly code: Code;
  readonly message: string;
}

/**
 * The one error that a call rejects with. A handler throws it to choose the code and message that its caller sees.
 *
 * @example
 * ```ts
 * throw new RpcError('NOT_FOUND', 'There is no user 7.');
 * ```
 */
export class RpcError extends Error {
  /** The status code, by its gRPC name. */
  readonly code: Code;
  /** Whether the handler may have run: what decides if calling again is safe. */
  readonly execution: Execution;
  /** The data of a contract-declared error, checked by its schema; otherwise undefined. */
  readonly data: unknown;
  /** The method that failed, as `service.method`; undefined where the error belongs to no call. */
  readonly method: string | undefined;
  /** What came with the error besides; empty where nothing did. */
  readonly metadata: Metadata;

  constructor(code: Code, message: string, options: RpcErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = options.name ?? 'RpcError';
    this.code = code;
    this.execution = options.execution ?? 'unknown';
    this.data = options.data;
    this.method = options.method;
    this.metadata = options.metadata ?? NO_METADATA;
  }

  /**
   * Any thrown value as an RpcError: one is returned as it is, an abort becomes CANCELLED, a time-out of
   * `AbortSignal.timeout` DEADLINE_EXCEEDED, everything else UNKNOWN with the value as its cause.
   */
  static from(thrown: unknown): RpcError {
    return fromThrown(thrown);
  }
}

// Outside the class: a class that names itself is compiled to one with another name, which errors would then print.
function fromThrown(thrown: unknown): RpcError {
  if (thrown instanceof RpcError) return thrown;
  const name = thrown instanceof Error ? thrown.name : '';
  const code = name === 'AbortError' ? 'CANCELLED' : name === 'TimeoutError' ? 'DEADLINE_EXCEEDED' : 'UNKNOWN';
  const message = thrown instanceof Error ? thrown.message : textOf(thrown);
  return new RpcError(code, message, { cause: thrown });
}

/** A thrown value as text. Anything can be thrown, also what has no text. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'Something was thrown that has no text.';
  }
}
