/** The floor again, with the client reading into one buffer that it keeps instead of a new one each time. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { connectionOf } from './raw/connection.mjs';
import { KINDS } from './raw/kinds.mjs';

export { can, echoes, serve } from './raw.mjs';

export async function connect(path, kind) {
  let client;
  const socket = createConnection({
    path,
    onread: {
      buffer: Buffer.allocUnsafeSlow(64 * 1024),
      callback: (length, buffer) => {
        client.receive(buffer.subarray(0, length));
        return true;
      },
    },
  });
  await once(socket, 'connect');
  client = new KINDS[kind].Client(socket);
  return connectionOf(client, socket);
}
