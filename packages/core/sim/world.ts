import { isDeepStrictEqual } from 'node:util';
import type { Context } from '../src/contract/context.ts';
import type { Side } from './agenda.ts';
import { Arrivals } from './arrivals.ts';
import { behave } from './behaviour.ts';
import type { Breakage } from './breakage.ts';
import { CallRecord } from './call-record.ts';
import type { MethodName } from './contract.ts';
import { End } from './end.ts';
import { judge, timeLeftIsTrue } from './judge.ts';
import { Party } from './party.ts';
import type { Disturbance, Plan } from './plan.ts';
import type { Stage } from './stage.ts';
import { tokenOf } from './token.ts';

/** Both ends of one connection and everything that happens to them, as a plan has it. */
export class World {
  readonly stage: Stage;
  readonly plan: Plan;
  readonly records: readonly CallRecord[];
  readonly parties: readonly [Party, Party];
  /** The calls of a side without a token that its handlers at the other end were started for. */
  readonly pings: [number, number] = [0, 0];
  readonly #arrivals = [new Arrivals(), new Arrivals()] as const;
  readonly #byToken = new Map<number, CallRecord>();
  #made = 0;
  /** Since when the connection may fail. */
  disturbedAt = Number.POSITIVE_INFINITY;

  constructor(stage: Stage, plan: Plan, breakage: Breakage) {
    this.stage = stage;
    this.plan = plan;
    this.records = plan.calls.map((call) => new CallRecord(call));
    for (const record of this.records) this.#byToken.set(record.plan.token, record);
    const events = {
      handle: (side: Side, method: MethodName, input: unknown, context: Context) =>
        this.#handle(side, method, input, context),
      reported: (_side: Side, error: unknown) => this.#reported(error),
      requested: (side: Side, token: number | undefined) => this.#arrivals[side].came(token),
    };
    this.parties = [new Party(stage, 0, plan, events, breakage), new Party(stage, 1, plan, events, breakage)];
    End.join(this.parties[0].end, this.parties[1].end);
    this.#schedule();
  }

  get disturbed(): boolean {
    const { late } = this.plan.clock;
    return this.disturbedAt <= this.stage.agenda.now || this.parties.some((party) => party.mayHaveGivenUp(late));
  }

  /** Closes a side, as its user does. */
  close(side: Side, grace: number): void {
    this.#disturb(() => `${side}: close(${grace})`);
    this.parties[side].close(grace);
  }

  #schedule(): void {
    const { agenda } = this.stage;
    const [dialer, acceptor] = this.parties;
    agenda.after(0, undefined, () => {
      dialer.begin();
      if (this.plan.acceptedAt === 0) acceptor.begin();
      else agenda.after(this.plan.acceptedAt, undefined, () => acceptor.begin());
      for (const disturbance of this.plan.disturbances) {
        agenda.after(disturbance.at, undefined, () => this.#befall(disturbance));
      }
      const { records } = this;
      for (let i = 0; i < records.length; ) {
        const burst: CallRecord[] = [];
        const { at } = (records[i] as CallRecord).plan;
        while (i < records.length && records[i]?.plan.at === at) burst.push(records[i++] as CallRecord);
        agenda.after(at, undefined, () => this.#makeAll(burst));
      }
    });
  }

  #makeAll(burst: readonly CallRecord[]): void {
    for (const record of burst) {
      const party = this.parties[record.plan.side];
      // The accepting end may begin in this same moment, after this.
      if (party.peer === undefined) this.stage.agenda.after(0.25, undefined, () => this.#make(record));
      else this.#make(record);
    }
  }

  #make(record: CallRecord): void {
    const { agenda } = this.stage;
    const { plan, controller } = record;
    record.made(agenda.now, this.#made++);
    this.stage.note(() => `${plan.side}: makes ${record.label}, deadline ${plan.deadline}`);
    if (plan.abort === 'before') this.abort(record);
    const options = {
      ...(controller === undefined ? {} : { signal: controller.signal }),
      ...(plan.deadline === undefined ? {} : { deadline: plan.deadline }),
    };
    const { invoke } = this.parties[plan.side];
    const service = plan.flaw === 'missing' ? 'elsewhere' : 'sim';
    const method = plan.flaw === 'missing' ? 'uppercase' : plan.method;
    invoke(service, method, plan.input, Object.keys(options).length > 0 ? options : undefined).then(
      (value) => this.#settled(record, true, value),
      (error: unknown) => this.#settled(record, false, error),
    );
    if (plan.abort === 'at once') this.abort(record);
    else if (typeof plan.abort === 'number') agenda.after(plan.abort, plan.side, () => this.abort(record));
  }

  /** The caller gives the call up. */
  abort(record: CallRecord): void {
    if (record.controller === undefined || record.settled) return void record.controller?.abort();
    this.stage.note(() => `${record.plan.side}: gives #${record.plan.token} up`);
    record.abortedAt = Math.min(record.abortedAt, this.stage.agenda.now);
    record.abortedStep = Math.min(record.abortedStep, this.stage.agenda.steps);
    record.controller.abort();
  }

  #settled(record: CallRecord, ok: boolean, outcome: unknown): void {
    const { agenda } = this.stage;
    record.settlements++;
    record.settledAt = agenda.now;
    record.settledStep = agenda.steps;
    record.ok = ok;
    if (ok) record.value = outcome;
    else record.error = outcome;
    this.stage.note(() => `${record.plan.side}: #${record.plan.token} ${ok ? 'succeeds' : `fails: ${outcome}`}`);
    const wrong = judge(record, {
      now: agenda.now,
      disturbed: this.disturbed,
      served: this.parties[record.plan.side === 0 ? 1 : 0].serves,
      late: this.plan.clock.late,
    });
    if (wrong !== undefined) this.stage.broke(wrong);
  }

  /** A handler has been started. */
  #handle(side: Side, method: MethodName, input: unknown, context: Context): unknown {
    if (method === 'ping') return void this.pings[side === 0 ? 1 : 0]++;
    const token = tokenOf(input);
    const record = token === undefined ? undefined : this.#byToken.get(token);
    if (record === undefined) return this.stage.broke(`inputsAreChecked: a handler of ${method} got what nobody sent`);
    const { plan } = record;
    this.stage.note(() => `${side}: handler of #${plan.token} starts`);
    record.starts++;
    if (record.starts > 1) this.stage.broke(`runsOnce: the handler of ${record.label} was started twice`);
    if (side === plan.side || method !== plan.method || !isDeepStrictEqual(input, plan.handed)) {
      this.stage.broke(`inputArrives: the handler of ${record.label} got another input than it should`);
    }
    if (!this.#arrivals[side].starts(plan.token)) {
      this.stage.broke(`startsInOrder: the handler of ${record.label} started before an earlier one`);
    }
    const wrong = timeLeftIsTrue(record, context.deadline, this.stage.agenda.now);
    if (wrong !== undefined) this.stage.broke(wrong);
    if (plan.abort === 'on start') this.abort(record);
    return behave(this.stage, record, context, { aborted: () => this.#signalled(record) });
  }

  #signalled(record: CallRecord): void {
    const { now } = this.stage.agenda;
    this.stage.note(() => `signal of #${record.plan.token} aborted`);
    if (record.abortedAt <= now || record.expiresAt <= now || this.disturbed) return;
    this.stage.broke(`signalsMean: the signal of ${record.label} aborted for nothing`);
  }

  #reported(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const record = this.#byToken.get(tokenOf(message.replace('secret ', '')) ?? -1);
    if (record !== undefined) record.reports++;
    else if (!/gave an answer that|with data that does not match its contract/.test(message)) {
      this.stage.broke(`reportsMean: an error was reported that no handler threw: ${message}`);
    }
  }

  #befall(disturbance: Disturbance): void {
    const ends = this.parties.map((party) => party.end) as [End, End];
    switch (disturbance.kind) {
      case 'close':
        return this.close(disturbance.side, disturbance.grace);
      case 'kill':
        this.#disturb(() => `${disturbance.side}: dies`);
        return ends[disturbance.side].close(new Error('killed'));
      case 'cut':
        this.#disturb(() => 'the connection is cut');
        for (const side of [0, 1] as const) {
          const error = disturbance.error ? new Error('cut') : undefined;
          this.stage.agenda.after(disturbance.waits[side], side, () => ends[side].close(error));
        }
        return;
      case 'mute':
        this.#disturb(() => `${disturbance.side}: is muted`);
        return ends[disturbance.side].mute();
    }
  }

  #disturb(what: () => string): void {
    this.stage.note(what);
    this.disturbedAt = Math.min(this.disturbedAt, this.stage.agenda.now);
  }
}
