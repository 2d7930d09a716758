/** Code around every call, at both ends. Exits non-zero if anything is wrong. */
import { play } from '../demo.ts';

await play(import.meta.url, 'middleware: code around every call', async ({ start }, server) => {
  const ann = start('client', ['token-of-ann'], 'Ann');
  await ann.says(
    'the server measured it: true',
    'diary.write: it is done',
    'wrote page 2',
    'there are 2 pages',
    'Ann: It rains.',
    'Ann: The sun shines.',
    'diary.read: it is done',
  );
  await ann.ends();
  await server.says('diary.write: done', 'diary.read: done');
  const nobody = start('client', [], 'nobody');
  // What trails comes with errors, too.
  await nobody.says('the server measured it: true', 'diary.write: diary.write needs a token that is known here.');
  await nobody.ends();
  await server.says('diary.write: failed');
});
