import { RpcError } from '../../src/error/rpc-error.ts';
import type { ChannelWorld } from './channel-world.ts';

/** How each call of a run ended, in a word or two, for counting. */
export function channelOutcomes({ records }: ChannelWorld): string[] {
  return records
    .filter(({ made }) => made)
    .map(({ ok, error, starts, isEvent, idempotent }) => {
      const what = isEvent ? 'event' : idempotent ? 'idempotent call' : 'call';
      const ran = starts === 0 ? 'not run' : starts === 1 ? 'run once' : 'run again';
      if (ok) return `${what}: success, ${ran}`;
      return error instanceof RpcError ? `${what}: ${error.code}, ${error.execution}, ${ran}` : `${what}: no RpcError`;
    });
}
