import { handedOver, implement, type Server, serve } from '../nearcall.ts';
import { line } from './contract.ts';

/** A successor that does as its argument says, at whatever it finds. */
const [how = 'serve'] = process.argv.slice(2);

let server: Server | undefined;
const implementation = implement(line, {
  mark: () => process.pid,
  succeed: () => 0,
  close: () => void setImmediate(() => void server?.close()),
});

if (how === 'silent') {
  // Nothing is asked for. It lives as long as its channel.
  process.on('message', () => {});
} else {
  const sockets = await handedOver();
  // As a program that crashes while it starts.
  if (how === 'dies') process.exit(3);
  server = await serve(how === 'fails' ? [sockets, 'unix:/nowhere/s.sock'] : sockets, implementation).catch(() =>
    process.exit(1),
  );
}
