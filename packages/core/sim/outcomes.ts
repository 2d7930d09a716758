import { RpcError } from '../src/error/rpc-error.ts';
import { LEFT } from './natural.ts';
import type { World } from './world.ts';

/** How each call of a run ended, in a word or two, for counting. */
export function outcomes({ records }: World): string[] {
  const made = records.filter((record) => record.made || record.settled);
  return made.map(({ ok, value, error, settled, starts, plan, isEvent }) => {
    if (!settled) return 'not settled';
    if (isEvent && ok) return `event left, handler ${starts > 0 ? 'ran' : 'did not run'}`;
    if (ok && plan.down !== undefined) return value === LEFT ? 'stream left' : 'stream read to its end';
    if (ok) return plan.up === undefined ? 'success' : 'success of a stream';
    if (!(error instanceof RpcError)) return 'no RpcError';
    const named = error.name === 'RpcError' ? '' : ` "${error.name}"`;
    return `${error.code}${named}, ${error.execution}, handler ${starts > 0 ? 'ran' : 'did not run'}`;
  });
}
