import { implement, type Server, type ServeTarget, serve } from '../nearcall.ts';
import { type Order, work } from './contract.ts';

/** The calls that a worker takes at once. */
const CALLS = 4;

/** Serves `work` under a name. The result does what it is told. */
export async function serveWork(name: string, target: ServeTarget): Promise<(order: Order) => Promise<void>> {
  const held = new Set<() => void>();
  let markHolding = (): void => {};
  const hold = async (): Promise<string> => {
    await new Promise<void>((resolve) => {
      held.add(resolve);
      markHolding();
    });
    return name;
  };
  const implementation = implement(work, { who: () => name, hold, holdAgain: hold });
  const server: Server = await serve(target, implementation, { limits: { calls: CALLS } });
  return async (order) => {
    if (order === 'release') {
      for (const release of held) release();
      held.clear();
      return;
    }
    // What it is to finish may come after the order, which takes another way.
    if (held.size === 0) {
      await new Promise<void>((resolve) => {
        markHolding = resolve;
      });
    }
    await server.close();
    process.channel?.unref();
  };
}
