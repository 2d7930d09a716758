import { RpcError } from '../src/error/rpc-error.ts';
import type { World } from './world.ts';

/** How each call of a run ended, in a word or two, for counting. */
export function outcomes({ records }: World): string[] {
  return records.map(({ ok, error, settled, starts }) => {
    if (!settled) return 'not settled';
    if (ok) return 'success';
    if (!(error instanceof RpcError)) return 'no RpcError';
    const named = error.name === 'RpcError' ? '' : ` "${error.name}"`;
    return `${error.code}${named}, ${error.execution}, handler ${starts > 0 ? 'ran' : 'did not run'}`;
  });
}
