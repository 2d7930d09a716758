// Asks each server whose address it is given who this process is, and prints what became of that.
import { close, connect, RpcError } from '../nearcall.ts';
import { who } from './contract.ts';

async function ask(address: string): Promise<unknown> {
  const client = connect(address, who);
  try {
    return await client.am();
  } catch (error) {
    return error instanceof RpcError ? `${error.code} ${error.execution}: ${error.message}` : String(error);
  } finally {
    await close(client);
  }
}

console.log(JSON.stringify({ pid: process.pid, answers: await Promise.all(process.argv.slice(2).map(ask)) }));
