import type { Context } from '../src/contract/context.ts';
import { RpcError } from '../src/error/rpc-error.ts';
import type { CallRecord } from './call-record.ts';
import { sim } from './contract.ts';
import { declaredData, SECRET, saying } from './natural.ts';
import type { Stage } from './stage.ts';
import { tokenText } from './token.ts';

/** What the handlers tell the world. */
export interface Watcher {
  /** A handler's signal has aborted. */
  aborted(record: CallRecord): void;
}

/** Does what the call's plan says its handler does. What is returned or thrown is the handler's outcome. */
export function behave(stage: Stage, record: CallRecord, context: Context, watcher: Watcher): unknown {
  const { plan } = record;
  const side = plan.side === 0 ? 1 : 0;
  const later = (milliseconds: number, action: () => void) => void stage.agenda.after(milliseconds, side, action);
  const look = (then: () => void) => {
    record.signal = context.signal;
    if (record.signal.aborted) return then();
    record.signal.addEventListener('abort', then, { once: true });
  };
  const outcome = (): unknown => {
    record.returns++;
    stage.note(() => `${side}: handler of #${plan.token} returns`);
    return produce(record);
  };
  if (plan.result === 'wait') {
    return new Promise((resolve) => {
      const stop = () => {
        watcher.aborted(record);
        if (plan.takes === undefined) resolve(lazily(outcome));
        else later(plan.takes, () => resolve(lazily(outcome)));
      };
      if (plan.looks === 0) look(stop);
      else later(plan.looks ?? 0, () => look(stop));
    });
  }
  const aborted = () => watcher.aborted(record);
  if (plan.looks === 0) look(aborted);
  else if (plan.looks !== undefined) later(plan.looks, () => look(aborted));
  const { takes } = plan;
  if (takes === undefined) return outcome();
  if (takes === 0) return lazily(outcome);
  return new Promise((resolve) => later(takes, () => resolve(lazily(outcome))));
}

function lazily(outcome: () => unknown): Promise<unknown> {
  return Promise.resolve().then(outcome);
}

/** What a handler answers or throws in the end. */
function produce({ plan }: CallRecord): unknown {
  const { token, method, answer } = plan;
  switch (plan.result) {
    case 'right':
    case 'over':
      return answer;
    case 'plain':
      throw new Error(`${SECRET} ${tokenText(token)}`);
    case 'rpc':
      throw new RpcError('FAILED_PRECONDITION', saying(token), { execution: 'not-sent' });
    case 'rpc-long':
      throw new RpcError('FAILED_PRECONDITION', `${saying(token)} ${'и так далее '.repeat(600)}`);
    case 'declared':
      throw declared(method, declaredData(token, method));
    case 'declared-wrong':
      throw declared(method, { line: SECRET, near: token });
    case 'declared-big':
      throw declared(method, { line: token, near: 'x'.repeat(70_000) });
    case 'wrong':
      return { token, wrong: true };
    case 'unencodable':
      return { token: () => token };
    case 'wait':
      // However a handler stops when nobody waits: it makes no difference to anyone.
      if (token % 3 === 0) return answer;
      throw token % 3 === 1 ? new Error(`${SECRET} ${tokenText(token)}`) : new RpcError('ABORTED', 'stopped');
  }
}

function declared(method: string, data: Record<string, unknown>): RpcError {
  return method === 'note'
    ? sim.methods.note.error('full', data as { left: number })
    : sim.methods.uppercase.error('syntax', data as { line: number; near: string });
}
