/** A dispatcher and four workers, one of which crashes. Exits non-zero if anything is wrong. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { play } from '../demo.ts';

const journal = (directory: string): string => join(directory, 'journal');

await play(
  import.meta.url,
  'jobs: a dispatcher and four workers, one of which crashes',
  async ({ directory, start }, server) => {
    const first = start('client', ['resize:4']);
    await server.says('resize: 25 %', 'resize: 50 %', 'resize: 75 %', 'resize: 100 %');
    await first.says('resize: done.');
    await first.ends();

    // It is lost with its worker, and no other job is.
    const second = start('client', ['a', 'crash', 'b', 'c', 'd', 'e']);
    await server.saysInAnyOrder(...['a', 'b', 'c', 'd', 'e'].flatMap((name) => [`${name}: 50 %`, `${name}: 100 %`]));
    const why =
      'The stream broke off before its end, and the handler may have run: The other side ended the connection.';
    await second.says('a: done.', `crash: failed. ${why}`, 'b: done.', 'c: done.', 'd: done.', 'e: done.');
    await second.ends();

    // Ctrl-C comes in the middle of a job, which is done all the same.
    const third = start('client', ['last:5']);
    await server.says('last: 20 %');
    server.interrupt();
    await server.saysInAnyOrder('finishes what has begun', 'last: 40 %', 'last: 60 %', 'last: 80 %', 'last: 100 %');
    await third.says('last: done.');
    await third.ends();
    await server.ends();

    const begun = readFileSync(journal(directory), 'utf8').match(/(?<=begins )\w+/g) ?? [];
    assert.deepEqual(begun.sort(), ['a', 'b', 'c', 'crash', 'd', 'e', 'last', 'resize'], 'each job is begun once');
  },
  (directory) => [journal(directory)],
);
