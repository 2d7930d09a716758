import { connect, type ListenOptions, type Server } from 'node:net';

/** Fulfils once a server listens. Rejects with what stands in the way. */
export function listening(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Whether anything listens at a socket file. Whatever is not a clear no counts as a yes. */
export async function isLive(path: string): Promise<boolean> {
  const refusal = await refusalAt(path);
  return refusal !== 'ECONNREFUSED' && refusal !== 'ENOENT';
}

/** Why nobody can connect to a socket file, as the code of an error. `undefined` where one can. */
export function refusalAt(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(undefined);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'unknown'));
  });
}
