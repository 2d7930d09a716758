/** Calls that fail, each in its own way. Exits non-zero if anything is wrong. */
import { play } from '../demo.ts';

await play(import.meta.url, 'errors: what a call can fail with', async ({ address, start }, server) => {
  const client = start('client');
  await client.says(
    'insufficient: 30 are missing',
    'ann: 90 are left',
    'eve: frozen since 2024, case 4711',
    'nobody: NOT_FOUND (unknown): There is no account "nobody".',
    "bob: INTERNAL (unknown): bank.withdraw failed; the server's log says why.",
  );
  await server.says('in bank.withdraw: Error: The password of the database is "secret".');
  await client.says(
    'INVALID_ARGUMENT (rejected): The input of bank.withdraw is not valid: at amount: Too small: expected number to be >0',
    `UNAVAILABLE (not-sent): Nothing listens at ${address}.none: there is no such file. Is the server running?`,
  );
  await client.ends();
});
