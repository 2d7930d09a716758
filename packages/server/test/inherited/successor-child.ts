import { handedOver, implement, type Server, serve } from '../nearcall.ts';
import { line } from './contract.ts';

/** A successor that does as its argument says, with whatever it is given. */
const [how = 'serve'] = process.argv.slice(2);

/** Serves what is handed over, and more. */
async function succeed(...more: string[]): Promise<void> {
  const sockets = await handedOver();
  // As a program that crashes while it starts.
  if (how === 'dies') process.exit(3);
  let server: Server | undefined;
  const implementation = implement(line, {
    mark: () => process.pid,
    succeed: () => 0,
    close: () => void setImmediate(() => void server?.close()),
  });
  server = await serve([...more, sockets], implementation).catch(() => {
    // Where nothing is left open that is the end.
    if (how === 'lets go') process.disconnect();
    else process.exit(1);
    return undefined;
  });
}

if (how === 'silent') {
  // Nothing is asked for. It lives as long as its channel.
  process.on('message', () => {});
} else {
  await succeed(...(how === 'fails' ? ['unix:/nowhere/s.sock'] : []));
  if (how === 'twice') await succeed();
}
