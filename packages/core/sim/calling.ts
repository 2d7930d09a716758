import type { CallOptions } from '../src/contract/call-options.ts';
import type { Context } from '../src/contract/context.ts';
import type { ResponseStream } from '../src/contract/stream.ts';
import { faultOf } from './behaviour.ts';
import type { Breakage } from './breakage.ts';
import type { CallRecord } from './call-record.ts';
import { type Asked, Consumer } from './consumer.ts';
import { breaking, callsBy, elsewhere, missing } from './contract.ts';
import { judge } from './judge.ts';
import { DONE, LEFT } from './natural.ts';
import type { Party } from './party.ts';
import type { Plan } from './plan.ts';
import { Producer } from './producer.ts';
import type { Stage } from './stage.ts';

/** What making calls needs of the world. */
export interface CallingWorld {
  readonly stage: Stage;
  readonly plan: Plan;
  readonly records: readonly CallRecord[];
  readonly parties: readonly [Party, Party];
  readonly disturbed: boolean;
}

/** Makes the calls of a plan, gives them up, and judges how they end. */
export class Calling {
  readonly #world: CallingWorld;
  readonly #breakage: Breakage;
  #made = 0;

  constructor(world: CallingWorld, breakage: Breakage) {
    this.#world = world;
    this.#breakage = breakage;
  }

  /** Makes a call; inside a handler with the context of that. */
  make(record: CallRecord, context?: Context): void {
    const { plan, controller } = record;
    if (plan.abort === 'before') this.abort(record);
    const parent =
      context === undefined || this.#breakage.parent === undefined ? context : this.#breakage.parent(context);
    const invoke = this.#invoker(record, parent);
    const options: CallOptions = {
      ...(controller === undefined ? {} : { signal: controller.signal }),
      ...(plan.deadline === undefined ? {} : { deadline: plan.deadline }),
      ...(plan.metadata === undefined ? {} : { metadata: plan.metadata }),
      ...(parent === undefined || plan.token % 2 === 0 ? {} : { parent }),
    };
    const given = Object.keys(options).length > 0 ? options : undefined;
    const service = plan.flaw === 'missing' ? 'elsewhere' : plan.flaw === 'breaking' ? 'breaking' : 'sim';
    const method = plan.flaw === 'missing' ? missing(plan.method) : plan.method;
    if (plan.down !== undefined) {
      const stream = invoke(service, method, this.#input(record), given) as ResponseStream<unknown>;
      void this.#read(record, stream, context);
    } else {
      this.#begin(record, context);
      (invoke(service, method, this.#input(record), given) as PromiseLike<unknown>).then(
        (value) => this.#settled(record, true, value),
        (error: unknown) => this.#settled(record, false, error),
      );
    }
    if (plan.abort === 'at once') this.abort(record);
    else if (typeof plan.abort === 'number') {
      this.#world.stage.agenda.after(plan.abort, plan.side, () => this.abort(record));
    }
  }

  /** The caller gives the call up. */
  abort(record: CallRecord): void {
    if (record.controller === undefined || record.settled) return void record.controller?.abort();
    this.#world.stage.note(() => `${record.plan.side}: gives #${record.plan.token} up`);
    this.#giveUp(record);
    record.controller.abort();
  }

  #giveUp(record: CallRecord): void {
    const { now, steps } = this.#world.stage.agenda;
    record.giveUp(now, steps);
  }

  /** What makes the call: the peer, or the one that a handler knows. */
  #invoker(record: CallRecord, parent: Context | undefined) {
    const party = this.#world.parties[record.plan.side];
    if (parent === undefined || record.plan.token % 2 === 1) return party.invoke;
    const mine = callsBy(this.#world.plan, record.plan.side);
    const clients = parent.peer.client({ sim: mine, elsewhere, breaking }) as never;
    return party.invokeOf(clients);
  }

  /** The call is opened: a stream is when its first item is asked for. */
  #begin(record: CallRecord, context: Context | undefined): void {
    const { stage, plan, parties, records } = this.#world;
    const { agenda } = stage;
    const { side } = record.plan;
    if (context !== undefined) {
      record.atMost = context.deadline;
      const { signal } = context;
      if (signal.aborted) this.#giveUp(record);
      else signal.addEventListener('abort', () => this.#giveUp(record), { once: true });
      const most = plan.limits[record.callee].calls;
      const waiting = records.filter((other) => this.#holdsASlot(other, record));
      const { leastSlots, mostSlots } = parties[side].ledger;
      record.mustFail = leastSlots >= most && !record.isEvent;
      record.crowded = mostSlots + waiting.length >= most;
    }
    record.begin(agenda.now, agenda.steps, this.#made++);
    stage.note(() => `${side}: makes ${record.label}, deadline ${record.deadline}`);
  }

  /** Whether the call may hold a slot that the ledger knows nothing of. */
  #holdsASlot(other: CallRecord, besides: CallRecord): boolean {
    if (!other.made || other === besides || other.isEvent || other.plan.side !== besides.plan.side) return false;
    return !other.settled || !other.wentOut || other.settledStep >= this.#world.stage.agenda.steps - 1;
  }

  #input(record: CallRecord): unknown {
    const { plan, up } = record;
    if (up === undefined || plan.flaw === 'no stream') return plan.input;
    return new Producer(this.#world.stage, plan.side, up, {
      fault: () => faultOf(up, plan.method, plan.token),
      signal: undefined,
      each: undefined,
      stopped: () => {},
    }).items();
  }

  async #read(record: CallRecord, stream: ResponseStream<unknown>, context: Context | undefined): Promise<void> {
    const { stage } = this.#world;
    const { down, plan } = record;
    if (down === undefined) return;
    const consumer = new Consumer(stage, plan.side, down, stream, {
      opens: () => this.#begin(record, context),
      told: (asked) => this.#told(record, asked),
      short: () => false,
      leaves: () => this.#giveUp(record),
      signal: undefined,
    });
    const parting = await consumer.run();
    if (parting.how === 'failed') this.#settled(record, false, parting.error);
    else this.#settled(record, true, parting.how === 'left' ? LEFT : DONE);
  }

  /** The reader of a stream has got what it asked for. */
  #told(record: CallRecord, asked: Asked): void {
    const { stage, plan } = this.#world;
    const { now, steps } = stage.agenda;
    const last = Math.max(asked.at, record.expiresAt) + plan.clock.late + 1;
    if (now > last) stage.broke(`settlesInTime: ${record.label}: its reader waited ${now - last} ms too long`);
    if (steps > Math.max(asked.step, record.abortedStep)) {
      stage.broke(`abortSettles: ${record.label}: its reader was not told at once that it is given up`);
    }
  }

  #settled(record: CallRecord, ok: boolean, outcome: unknown): void {
    const { stage, plan, parties } = this.#world;
    const { agenda } = stage;
    record.settle(agenda.now, agenda.steps, ok, outcome);
    stage.note(() => `${record.plan.side}: #${record.plan.token} ${ok ? 'succeeds' : `fails: ${outcome}`}`);
    const { callee } = record;
    const { queued, calls, concurrency } = plan.allowances[callee];
    const wrong = judge(record, {
      now: agenda.now,
      disturbed: this.#world.disturbed,
      served: parties[callee].serves,
      nesting: plan.limits[callee].nesting,
      late: plan.clock.late,
      queued,
      narrow: Math.min(calls, concurrency) < Number.POSITIVE_INFINITY,
    });
    if (wrong !== undefined) stage.broke(wrong);
  }
}
