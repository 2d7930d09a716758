/** Uploads a file of 20 MB. Exits non-zero if anything is wrong. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { play } from '../demo.ts';

await play(import.meta.url, 'upload: a stream of requests', async ({ directory, start }, server) => {
  const path = join(directory, 'file');
  const bytes = Buffer.alloc(20_000_000, 'near call. ');
  await writeFile(path, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');

  const client = start('client', [path]);
  await server.says('took 20000000 bytes');
  await client.says(`20000000 bytes, SHA-256 ${sha256}`);
  await client.ends();
});
