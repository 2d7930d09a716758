import { implement, type Server, type ServeTarget, serve } from '../nearcall.ts';
import { type Order, work } from './contract.ts';

/** The calls that a worker takes at once. */
const CALLS = 4;

/** Serves `work` under a name. The result does what it is told. */
export async function serveWork(name: string, target: ServeTarget): Promise<(order: Order) => void> {
  const held = new Set<() => void>();
  const hold = async (): Promise<string> => {
    await new Promise<void>((resolve) => held.add(resolve));
    return name;
  };
  const implementation = implement(work, { who: () => name, hold, holdAgain: hold });
  const server: Server = await serve(target, implementation, { limits: { calls: CALLS } });
  return (order) => {
    if (order === 'drain') void server.close().then(() => process.channel?.unref());
    else for (const release of held) release();
  };
}
