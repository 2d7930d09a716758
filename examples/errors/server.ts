import { implement, RpcError } from '@nearcall/core';
import { serve } from '@nearcall/server';
import { readArguments } from '../address.ts';
import { bank } from './contract.ts';

const { withdraw } = bank.methods;
const balances = new Map([
  ['ann', 100],
  ['bob', 20],
  ['eve', 1000],
]);

const implementation = implement(bank, {
  withdraw({ account, amount }) {
    // A plain error with a code: for what callers read, and seldom tell apart.
    if (!balances.has(account)) throw new RpcError('NOT_FOUND', `There is no account "${account}".`);
    // An error of the contract: its name and data are checked here, by the compiler, and at both ends as it runs.
    if (account === 'eve') {
      const metadata = { 'case-number': '4711' };
      throw withdraw.error('frozen', { since: new Date('2024-02-29') }, { message: 'Ask at the counter.', metadata });
    }
    const balance = (balances.get(account) ?? 0) - amount;
    if (balance < 0) throw withdraw.error('insufficient', { missing: -balance });
    // Whatever else goes wrong is told at this end, and the caller learns no more than that it did.
    if (account === 'bob') throw new Error('The password of the database is "secret".');
    balances.set(account, balance);
    return { balance };
  },
});

const { address } = readArguments('errors');
const server = await serve(address, implementation, {
  onError: (error, method) => console.log(`in ${method}: ${error}`),
});
console.log(`Listening at ${server.address} (Ctrl-C stops)`);
process.once('SIGINT', () => server.close());
