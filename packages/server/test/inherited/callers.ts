import { close, connect, safe } from '../nearcall.ts';
import { line } from './contract.ts';

/** Who serves at an address. */
export async function who(address: string): Promise<number> {
  const client = connect(address, line);
  const pid = await client.mark('x');
  await close(client);
  return pid;
}

/** Has the server there close. */
export async function end(address: string): Promise<void> {
  const client = connect(address, line);
  await client.close();
  await close(client);
}

/** What became of all calls. */
export interface Tally {
  readonly made: number;
  /** How many each process has answered. */
  readonly answered: ReadonlyMap<number, number>;
  readonly failed: readonly unknown[];
}

/** Callers that call without pause. */
export interface Callers {
  /** Waits until so many calls more are over. */
  further(count: number): Promise<void>;
  /** Ends when as many calls were made, and the last is over. */
  stop(least?: number): Promise<Tally>;
}

/** Starts callers at an address: some share clients that stay, and others come for one call each. */
export function calling(address: string, clients: number): Callers {
  const answered = new Map<number, number>();
  const failed: unknown[] = [];
  let made = 0;
  let done = 0;
  let least = Number.POSITIVE_INFINITY;
  let watched: { readonly count: number; readonly tell: () => void } | undefined;
  const call = async (client: ReturnType<typeof connect<typeof line>>): Promise<void> => {
    const result = await safe(client.mark(`${made++}`));
    if (result.ok) answered.set(result.value, (answered.get(result.value) ?? 0) + 1);
    else failed.push(result.error);
    if (++done === watched?.count) watched.tell();
  };
  const staying = Array.from({ length: clients }, () => connect(address, line));
  const callers = staying.flatMap((client) =>
    Array.from({ length: 4 }, async () => {
      while (made < least) await call(client);
    }),
  );
  const passing = Array.from({ length: 4 }, async () => {
    while (made < least) {
      const client = connect(address, line);
      await call(client);
      await close(client);
    }
  });
  return {
    further: (count) =>
      new Promise((tell) => {
        watched = { count: done + count, tell };
      }),
    stop: async (count = 0) => {
      least = count;
      await Promise.all([...callers, ...passing]);
      await Promise.all(staying.map((client) => close(client)));
      return { made, answered, failed };
    },
  };
}
