import { implement } from '../../src/contract/implement.ts';
import { Implementations } from '../../src/contract/implementations.ts';
import { RpcError } from '../../src/error/rpc-error.ts';
import type { Stage } from '../stage.ts';
import { tokenOf } from '../token.ts';
import type { ChannelBreakage } from './channel-breakage.ts';
import { work } from './contract.ts';
import type { WorkRecord } from './work-record.ts';

/** What every server of a run serves. */
export function serveWork(
  stage: Stage,
  records: readonly WorkRecord[],
  { handler = (run) => run() }: ChannelBreakage,
): Implementations {
  const byToken = new Map(records.map((record) => [record.plan.token, record]));
  const begin = (input: string): WorkRecord => {
    const record = byToken.get(tokenOf(input) ?? -1);
    if (record === undefined) throw new Error(`Nobody made a call with ${input}.`);
    if (input !== record.input) stage.broke(`inputIsRight: the handler of ${record.label} got ${input}`);
    record.starts++;
    stage.note(() => `1: starts ${record.label}`);
    return record;
  };
  const take = async ({ plan: { takes, fails } }: WorkRecord): Promise<void> => {
    if (takes > 0) await stage.sleep(1, takes);
    // Whatever a handler says, only the protocol knows whether it ran.
    if (fails) throw new RpcError('UNAVAILABLE', 'as its plan says', { execution: 'rejected' });
  };
  const ask = (input: string) =>
    handler(async () => {
      const record = begin(input);
      await take(record);
      return input.toUpperCase();
    }) as Promise<string>;
  const list = async function* (input: string) {
    const record = handler(() => begin(input)) as WorkRecord;
    for (let i = 0; i < record.plan.items; i++) {
      if (record.plan.takes > 0) await stage.sleep(1, record.plan.takes / 4);
      yield `${i}${input}`;
    }
    await take(record);
  };
  // Which call it is, the first item tells; where there is none the handler is none that could be counted.
  const count = async (inputs: AsyncIterable<string>) => {
    let seen = 0;
    let record: WorkRecord | undefined;
    for await (const input of inputs) {
      if (seen++ === 0) record = handler(() => begin(input)) as WorkRecord;
    }
    if (record !== undefined) await take(record);
    return seen;
  };
  const chat = async function* (inputs: AsyncIterable<string>) {
    let seen = 0;
    let record: WorkRecord | undefined;
    for await (const input of inputs) {
      if (seen === 0) record = handler(() => begin(input)) as WorkRecord;
      yield `${seen++}${input}`;
    }
    if (record !== undefined) await take(record);
  };
  const tell = (input: string) => void handler(() => begin(input));
  return new Implementations([
    implement(work, {
      ask,
      askAgain: ask,
      list,
      listAgain: list,
      count,
      countAgain: count,
      chat,
      tell,
    }),
  ]);
}
