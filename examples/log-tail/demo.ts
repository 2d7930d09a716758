/** Follows a file as it grows. Exits non-zero if anything is wrong. */
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { play } from '../demo.ts';

await play(import.meta.url, 'log-tail: a stream of answers', async ({ directory, start }, server) => {
  const path = join(directory, 'app.log');
  await writeFile(path, 'one\ntwo\n');
  const client = start('client', [path, '7']);
  await server.says(`reads ${path}`);
  await client.says('one', 'two');

  await appendFile(path, 'three\n');
  await client.says('three');
  await appendFile(path, 'four\nfive\nsi');
  await client.says('four', 'five');
  await appendFile(path, 'x\nseven\n');
  // The seventh was the last that this client wanted: it leaves, and the server lets go of the file.
  await client.says('six', 'seven');
  await client.ends();
  await server.says(`closed ${path}`);

  const other = start('client', [path]);
  await server.says(`reads ${path}`);
  await other.says('one', 'two', 'three', 'four', 'five', 'six', 'seven');
  other.interrupt();
  await other.ends();
  await server.says(`closed ${path}`);
});
