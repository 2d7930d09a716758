import { backoffOptions } from '../../../client/src/backoff.ts';
import { Channel } from '../../../client/src/channel.ts';
import type { Target } from '../../../client/src/subchannel.ts';
import { KIND } from '../../src/contract/kind.ts';
import { clientOf } from '../../src/peer/stub.ts';
import type { Invoke } from '../breakage.ts';
import type { Stage } from '../stage.ts';
import type { ChannelBreakage } from './channel-breakage.ts';
import type { ChannelPlan } from './channel-plan.ts';
import { work } from './contract.ts';
import { HeldClock } from './held-clock.ts';
import { judgeWork } from './judge-work.ts';
import { Network } from './network.ts';
import { serveWork } from './serve-work.ts';
import { WorkRecord } from './work-record.ts';

/** A transport of an attempt that hangs is let go of so many milliseconds after it was given up. */
const LINGER = 1000;

type Stub = Record<string, (input: unknown, options: unknown) => unknown>;

/** One client, its servers that come and go, and everything that happens to them. */
export class ChannelWorld {
  readonly stage: Stage;
  readonly plan: ChannelPlan;
  readonly records: readonly WorkRecord[];
  readonly network: Network;
  readonly clock: HeldClock;
  readonly channel: Channel;
  /** When its user has closed it, and when that was done. */
  closesAt = Number.POSITIVE_INFINITY;
  closedAt = Number.POSITIVE_INFINITY;
  readonly #invoke: Invoke;

  constructor(stage: Stage, plan: ChannelPlan, breakage: ChannelBreakage) {
    this.stage = stage;
    this.plan = plan;
    this.records = plan.calls.map((call) => new WorkRecord(call));
    this.network = new Network(stage, plan, serveWork(stage, this.records, breakage));
    this.clock = new HeldClock(stage, 0, plan.clock);
    const targets = plan.servers.map(
      (_, i): Target => ({
        address: `sim:${i}`,
        once: false,
        dial: () => this.network.dial(i),
      }),
    );
    this.channel = new Channel(targets, {
      peer: { handshake: plan.handshake, onError: (error, where) => stage.broke(`nothingThrows: ${where}: ${error}`) },
      clock: breakage.clock?.(this.clock) ?? this.clock,
      backoff: backoffOptions({ first: plan.first, initial: plan.initial, jitter: 0 }),
      waitForReady: plan.waitForReady,
      deadline: undefined,
      onConnect: undefined,
    });
    breakage.channel?.(this.channel);
    const stubs = clientOf(this.channel.invoker, work) as Stub;
    const direct: Invoke = (_, method, input, options) => stubs[method]?.(input, options);
    this.#invoke = breakage.invoke?.(direct) ?? direct;
    this.#schedule();
  }

  /** Closes the client, as its user does. */
  close(grace: number): void {
    const { agenda } = this.stage;
    if (this.closesAt !== Number.POSITIVE_INFINITY) return;
    this.stage.note(() => `0: close(${grace})`);
    this.closesAt = agenda.now;
    void this.channel.close({ grace }).then(() => {
      this.stage.note(() => '0: is closed');
      this.closedAt = agenda.now;
      agenda.after(LINGER + this.plan.clock.late + 10, undefined, () => this.clock.over());
    });
  }

  #schedule(): void {
    const { agenda } = this.stage;
    const { happenings, servers, horizon, closesAt, grace } = this.plan;
    for (const record of this.records) agenda.after(record.plan.at, 0, () => this.#make(record));
    for (const happening of happenings) agenda.after(happening.at, undefined, () => this.network.befall(happening));
    agenda.after(horizon, undefined, () => {
      servers.forEach((_, server) => void this.network.befall({ server, what: 'up', grace: 0 }));
    });
    if (closesAt !== undefined) agenda.after(closesAt, 0, () => this.close(grace));
  }

  #make(record: WorkRecord): void {
    const { agenda } = this.stage;
    const { plan, controller, kind } = record;
    const { waits, deadline, abort } = plan;
    this.stage.note(() => `0: makes ${record.label}, deadline ${record.deadline}`);
    record.made = true;
    record.expiresAt = agenda.now + record.deadline;
    const options = { waitForReady: waits, deadline, signal: controller?.signal };
    const given = Object.values(options).every((option) => option === undefined) ? undefined : options;
    const input = record.sends ? this.#items(record) : record.input;
    const outcome = this.#invoke('work', plan.method, input, given);
    if (abort !== undefined) agenda.after(abort, 0, () => this.#abort(record));
    const reads = kind === KIND.serverStream || kind === KIND.duplex;
    const settled = reads ? this.#read(record, outcome as AsyncIterable<string>) : (outcome as PromiseLike<unknown>);
    settled.then(
      (value) => this.#settled(record, true, value),
      (error: unknown) => this.#settled(record, false, error),
    );
  }

  #abort(record: WorkRecord): void {
    this.stage.note(() => `0: gives ${record.label} up`);
    record.abortedAt = this.stage.agenda.now;
    record.controller?.abort();
  }

  async *#items(record: WorkRecord): AsyncGenerator<string> {
    const { items, takes } = record.plan;
    record.drawn = true;
    for (let i = 0; i < items; i++) {
      if (takes > 0) await this.stage.sleep(0, takes / 4);
      yield record.input;
    }
  }

  async #read(record: WorkRecord, stream: AsyncIterable<string>): Promise<number> {
    for await (const item of stream) {
      record.items.push(item);
      if (record.left) break;
    }
    return record.items.length;
  }

  #settled(record: WorkRecord, ok: boolean, outcome: unknown): void {
    this.stage.note(() => `0: ${record.label} ${ok ? 'succeeds' : `fails: ${outcome}`}`);
    record.settlements++;
    record.ok = ok;
    if (ok) record.value = outcome;
    else record.error = outcome;
    const wrong = judgeWork(record, this);
    if (wrong !== undefined) this.stage.broke(wrong);
  }
}
