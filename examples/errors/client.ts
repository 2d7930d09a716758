/** Makes calls that fail, each in its own way. */
import { connect } from '@nearcall/client';
import { safe } from '@nearcall/core';
import { readArguments } from '../address.ts';
import { bank } from './contract.ts';

const { address } = readArguments('errors');
await using client = connect(address, bank);

// 1. Caught: `isError` tells the errors that the contract declares, and the name which one it is.
try {
  await client.withdraw({ account: 'ann', amount: 130 });
} catch (error) {
  if (!bank.methods.withdraw.isError(error)) throw error;
  if (error.name === 'insufficient') console.log(`insufficient: ${error.data.missing} are missing`);
  else console.log(`frozen: since ${error.data.since.toISOString()}`);
}

// 2. As a value: `safe` gives the error instead of throwing it, and knows which ones there can be.
for (const account of ['ann', 'eve', 'nobody', 'bob']) {
  const { ok, value, error } = await safe(client.withdraw({ account, amount: 10 }));
  if (ok) console.log(`${account}: ${value.balance} are left`);
  else if (error.name === 'insufficient') console.log(`${account}: ${error.data.missing} are missing`);
  else if (error.name === 'frozen') {
    console.log(`${account}: frozen since ${error.data.since.getFullYear()}, case ${error.metadata['case-number']}`);
  } else console.log(`${account}: ${error.code} (${error.execution}): ${error.message}`);
}

// 3. An input that is not as the contract has it: no handler has seen it.
const wrong = await safe(client.withdraw({ account: 'ann', amount: -5 }));
console.log(`${wrong.error?.code} (${wrong.error?.execution}): ${wrong.error?.message}`);

// 4. A server that is not there: the call has not left this process, and may be made again.
const nobody = connect(`${address}.none`, bank);
const lost = await safe(nobody.withdraw({ account: 'ann', amount: 10 }));
console.log(`${lost.error?.code} (${lost.error?.execution}): ${lost.error?.message}`);
