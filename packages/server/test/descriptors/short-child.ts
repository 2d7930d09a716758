import { subscribe } from 'node:diagnostics_channel';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { answering } from '../answering.ts';
import { connect, implement, type Server, serve } from '../nearcall.ts';
import { echoing } from './contract.ts';

const warnings: string[] = [];
process.on('warning', ({ message, ...rest }) => warnings.push(`${(rest as { code?: string }).code}: ${message}`));

let accepted = 0;
subscribe('net.server.socket', () => {
  accepted++;
});

const files: number[] = [];
const servers: Server[] = [];

/** Opens files until so many descriptors are left. */
function leave(count: number): void {
  try {
    for (;;) files.push(openSync('/dev/null', 'r'));
  } catch {
    for (let i = 0; i < count; i++) closeSync(files.pop() as number);
  }
}

/** What a promise came to. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise;
  } catch (error) {
    const { code, execution, message } = error as { code?: string; execution?: string; message: string };
    return { code, execution, message };
  }
}

const implementation = implement(echoing, { echo: (word) => word });
const clients = new Map<string, ReturnType<typeof connect<typeof echoing>>>();

answering({
  serve: (address: string) =>
    outcome(
      serve(address, implementation).then((server) => {
        servers.push(server);
        return 'serving';
      }),
    ),
  leave,
  release: () => {
    for (const file of files.splice(0)) closeSync(file);
  },
  descriptors: () => readdirSync('/proc/self/fd').length - 1,
  warnings: () => warnings,
  accepted: () => accepted,
  connections: () => servers.reduce((sum, { connections }) => sum + connections, 0),
  call: ({ address, ...options }: { address: string }) => {
    const client = clients.get(address) ?? connect(address, echoing, { backoff: { first: 20, initial: 20, max: 20 } });
    clients.set(address, client);
    return outcome(client.echo('word', options));
  },
});
