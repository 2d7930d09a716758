import type { Context } from '../src/contract/context.ts';
import { RpcError } from '../src/error/rpc-error.ts';
import type { CallRecord } from './call-record.ts';
import { Consumer, type ConsumerNeeds } from './consumer.ts';
import { sim } from './contract.ts';
import { declaredData, SECRET, saying } from './natural.ts';
import { Producer } from './producer.ts';
import type { Stage } from './stage.ts';
import { tokenText } from './token.ts';
import type { Track } from './track.ts';

/** What the handlers tell the world. */
export interface Watcher {
  /** A handler's signal has aborted. */
  aborted(record: CallRecord): void;
  /** A handler has failed to read its input. */
  misread(record: CallRecord, error: unknown): void;
}

/** Does what the call's plan says its handler does. What is returned or thrown is the handler's outcome. */
export class Behaviour {
  readonly #stage: Stage;
  readonly #record: CallRecord;
  readonly #context: Context;
  readonly #watcher: Watcher;

  constructor(stage: Stage, record: CallRecord, context: Context, watcher: Watcher) {
    this.#stage = stage;
    this.#record = record;
    this.#context = context;
    this.#watcher = watcher;
  }

  /** `input`: what the handler got. */
  begin(input: unknown): unknown {
    const { plan, up } = this.#record;
    if (up === undefined) return this.#come(undefined);
    const consumer = new Consumer(
      this.#stage,
      this.#record.callee,
      up,
      input as AsyncIterable<unknown>,
      this.#reading(),
    );
    if (plan.down === undefined) return this.#gather(consumer);
    if (plan.echoes && plan.result === 'right') return this.#come(consumer);
    void consumer.run().then((parting) => {
      if (parting.how === 'failed') this.#watcher.misread(this.#record, parting.error);
    });
    return this.#come(undefined);
  }

  /** Reads its input first. */
  async #gather(consumer: Consumer): Promise<unknown> {
    const parting = await consumer.run();
    if (parting.how !== 'failed') return this.#come(undefined);
    const record = this.#record;
    this.#watcher.misread(record, parting.error);
    // Some handlers make the best of what they have got.
    if (record.plan.token % 4 === 0) return this.#come(undefined);
    record.returns++;
    record.rethrown = parting.error;
    throw parting.error;
  }

  /** Comes to a result, at once or in time. */
  #come(echoed: Consumer | undefined): unknown {
    const { plan, children } = this.#record;
    const outcome = (): unknown => {
      this.#record.returns++;
      this.#stage.note(() => `${this.#record.callee}: handler of #${plan.token} returns`);
      return this.#produce(echoed);
    };
    if (plan.result === 'wait') return this.#wait(outcome);
    const aborted = () => this.#watcher.aborted(this.#record);
    if (plan.looks === 0) this.#look(aborted);
    else if (plan.looks !== undefined) this.#later(plan.looks, () => this.#look(aborted));
    const { takes } = plan;
    if (plan.awaits && children.length > 0) {
      const over = Promise.all(children.map((child) => child.over));
      return over.then(() => this.#stage.sleep(this.#record.callee, takes ?? 0)).then(outcome);
    }
    if (takes === undefined) return outcome();
    if (takes === 0) return lazily(outcome);
    return new Promise((resolve) => this.#later(takes, () => resolve(lazily(outcome))));
  }

  /** Waits until nobody waits for it. */
  #wait(outcome: () => unknown): Promise<unknown> {
    const record = this.#record;
    const { looks, takes } = record.plan;
    record.parked = true;
    return new Promise((resolve) => {
      const stop = () => {
        record.parked = false;
        this.#watcher.aborted(record);
        if (takes === undefined) resolve(lazily(outcome));
        else this.#later(takes, () => resolve(lazily(outcome)));
      };
      if (looks === 0) this.#look(stop);
      else this.#later(looks ?? 0, () => this.#look(stop));
    });
  }

  #look(then: () => void): void {
    const signal = this.#signal();
    if (signal.aborted) return then();
    signal.addEventListener('abort', then, { once: true });
  }

  #signal(): AbortSignal {
    this.#record.signal = this.#context.signal;
    return this.#record.signal;
  }

  #later(milliseconds: number, action: () => void): void {
    this.#stage.agenda.after(milliseconds, this.#record.callee, action);
  }

  #reading(): ConsumerNeeds {
    const nothing = () => {};
    // Once its handler has returned, an input ends wherever it is.
    const short = () => !this.#record.running;
    return { opens: nothing, told: nothing, leaves: nothing, short, signal: () => this.#signal() };
  }

  #stream(track: Track, echoed: Consumer | undefined): unknown {
    const record = this.#record;
    const { token, method } = record.plan;
    record.streams = true;
    const each = async (): Promise<boolean> => {
      try {
        return (await echoed?.ask())?.done !== true;
      } catch (error) {
        this.#watcher.misread(record, error);
        record.rethrown = error;
        throw error;
      }
    };
    return new Producer(this.#stage, record.callee, track, {
      fault: () => faultOf(track, method, token),
      signal: () => this.#signal(),
      each: echoed === undefined ? undefined : each,
      stopped: () => void echoed?.leave(),
    }).items();
  }

  /** What a handler answers or throws in the end. */
  #produce(echoed: Consumer | undefined): unknown {
    const { plan, down } = this.#record;
    const { token, method, answer } = plan;
    switch (plan.result) {
      case 'right':
      case 'over':
        return down === undefined ? answer : this.#stream(down, echoed);
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
        return down === undefined ? { token, wrong: true } : token;
      case 'unencodable':
        return { token: () => token };
      case 'wait':
        // However a handler stops when nobody waits: it makes no difference to anyone.
        if (token % 3 === 0) return down === undefined ? answer : this.#stream(down, echoed);
        throw token % 3 === 1 ? new Error(`${SECRET} ${tokenText(token)}`) : new RpcError('ABORTED', 'stopped');
    }
  }
}

/** What a producer comes to that does not end well. */
export function faultOf(track: Track, method: string, token: number): { thrown: unknown } | { item: unknown } {
  const { producer, way } = track.plan;
  switch (producer.ending) {
    case 'plain':
      return { thrown: new Error(way === 'up' ? saying(token) : `${SECRET} ${tokenText(token)}`) };
    case 'rpc':
      return { thrown: new RpcError('FAILED_PRECONDITION', saying(token)) };
    case 'declared':
      return { thrown: declared(method, declaredData(token, method)) };
    case 'unencodable':
      return { item: 'half of a pair: \ud800' };
    case 'over':
      return { item: track.plan.excess };
    default:
      return { item: token };
  }
}

function lazily(outcome: () => unknown): Promise<unknown> {
  return Promise.resolve().then(outcome);
}

function declared(method: string, data: Record<string, unknown>): RpcError {
  switch (method) {
    case 'note':
      return sim.methods.note.error('full', data as { left: number });
    case 'lines':
    case 'gather':
    case 'chat':
      return sim.methods[method].error('syntax', data as { line: number; near: string });
    default:
      return sim.methods.uppercase.error('syntax', data as { line: number; near: string });
  }
}
