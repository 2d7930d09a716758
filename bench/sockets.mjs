import { join } from 'node:path';

let made = 0;

/** A path that no socket has had: a server that was killed leaves its file behind. */
export function socketIn(folder) {
  return join(folder, `${++made}.sock`);
}
