import { isDeepStrictEqual } from 'node:util';
import type { Context } from '../src/contract/context.ts';
import type { Side } from './agenda.ts';
import { Arrivals } from './arrivals.ts';
import { Behaviour, type Watcher } from './behaviour.ts';
import type { CallRecord } from './call-record.ts';
import type { Calling, CallingWorld } from './calling.ts';
import type { MethodName } from './contract.ts';
import { inputErrorIsRight, nobodyWaits, timeLeftIsTrue } from './handling-checks.ts';
import { tokenIn, tokenOf } from './token.ts';

/** Runs the handlers of both sides as the plan has it, and checks what they are told. */
export class Handling implements Watcher {
  /** The calls of a side without a token that its handlers at the other end were started for. */
  readonly pings: [number, number] = [0, 0];
  readonly #world: CallingWorld;
  readonly #calling: Calling;
  readonly #arrivals = new Map<string, Arrivals>();
  readonly #byToken = new Map<number, CallRecord>();
  #places = 0;
  /** The place among all calls of the last event that a side has got. */
  readonly #lastEvent: [number, number] = [-1, -1];

  constructor(world: CallingWorld, calling: Calling) {
    this.#world = world;
    this.#calling = calling;
    for (const record of world.records) this.#byToken.set(record.plan.token, record);
  }

  /** The first frame of a request is sent. */
  left(token: number | undefined): void {
    const record = this.#find(token);
    if (record !== undefined) record.wentOut = true;
  }

  /** The first frame of a request has come: it may be one too many. */
  begun(side: Side, token: number | undefined): void {
    const record = this.#find(token);
    const { parties, plan } = this.#world;
    if (record !== undefined) record.rejectable ||= parties[side].ledger.unanswered > plan.allowances[side].calls;
  }

  /** A request has come whole. */
  came(side: Side, token: number | undefined): void {
    const record = this.#find(token);
    if (record === undefined) return;
    this.#arrivalsAt(side, record).came(token);
    const { plan, records, stage } = this.#world;
    const { method } = record.plan;
    const { steps } = stage.agenda;
    record.cameStep = steps;
    record.place = this.#places++;
    // Some of those that have come in the same moment may not have begun; and any that was held goes on when it may.
    const held = plan.changes[record.plan.side];
    const goes = (other: CallRecord) => other !== record && (held || other.mayRun || other.cameStep === steps);
    const alike = records.filter((other) => other.callee === side && other.plan.method === method && goes(other));
    record.rejectable ||= alike.length >= plan.allowances[side].concurrency;
  }

  /** Those among which the call keeps its place. */
  #arrivalsAt(side: Side, { plan }: CallRecord): Arrivals {
    const { records, plan: all } = this.#world;
    const waits =
      all.changes[plan.side] || records.some(({ plan: { side: by, flaw } }) => by === plan.side && flaw === 'breaking');
    const key = waits ? `${side} ${plan.method}` : `${side}`;
    let arrivals = this.#arrivals.get(key);
    if (arrivals === undefined) {
      arrivals = new Arrivals();
      this.#arrivals.set(key, arrivals);
    }
    return arrivals;
  }

  #find(token: number | undefined): CallRecord | undefined {
    return token === undefined ? undefined : this.#byToken.get(token);
  }

  /** A handler has been started. */
  handle(side: Side, method: MethodName, input: unknown, context: Context): unknown {
    if (method === 'ping') return void this.pings[side === 0 ? 1 : 0]++;
    const { stage } = this.#world;
    const said = context.metadata['token'];
    const token = tokenOf(input) ?? (typeof said === 'string' ? tokenIn(said) : undefined);
    const record = this.#find(token);
    if (record === undefined) return stage.broke(`inputsAreChecked: a handler of ${method} got what nobody sent`);
    const { plan } = record;
    stage.note(() => `${side}: handler of #${plan.token} starts`);
    record.starts++;
    if (record.starts > 1) stage.broke(`runsOnce: the handler of ${record.label} was started twice`);
    this.#checkInput(side, method, record, input, context);
    this.#checkOrder(side, record);
    const wrong = timeLeftIsTrue(record, context.deadline, stage.agenda.now);
    if (wrong !== undefined) stage.broke(wrong);
    if (plan.abort === 'on start') this.#calling.abort(record);
    for (const child of record.children) this.#callBack(child, context);
    return new Behaviour(stage, record, context, this).begin(input);
  }

  /** A handler calls its caller, now or later. */
  #callBack(child: CallRecord, context: Context): void {
    const { at, side } = child.plan;
    if (at === 0) this.#calling.make(child, context);
    else this.#world.stage.agenda.after(at, side, () => this.#calling.make(child, context));
  }

  #checkInput(side: Side, method: MethodName, record: CallRecord, input: unknown, { metadata }: Context): void {
    const { plan } = record;
    const { stage } = this.#world;
    const same = plan.up !== undefined || isDeepStrictEqual(input, plan.handed);
    if (side === plan.side || method !== plan.method || !same) {
      stage.broke(`inputArrives: the handler of ${record.label} got another input than it should`);
    }
    if (!isDeepStrictEqual({ ...metadata }, plan.metadata ?? {})) {
      stage.broke(`metadataArrives: the handler of ${record.label} got ${JSON.stringify(metadata)}`);
    }
  }

  #checkOrder(side: Side, record: CallRecord): void {
    const { stage, plan, records } = this.#world;
    if (!this.#arrivalsAt(side, record).starts(record.plan.token)) {
      stage.broke(`startsInOrder: the handler of ${record.label} started before an earlier one`);
    }
    if (record.isEvent) {
      const last = this.#lastEvent[side];
      this.#lastEvent[side] = record.order;
      if (record.order < last) stage.broke(`eventsKeepTheirOrder: ${record.label} came behind a later one`);
      return;
    }
    const { method } = record.plan;
    const running = records.filter(
      (other) => other.callee === side && other.plan.method === method && other.surelyRuns,
    );
    if (running.length > plan.allowances[side].concurrency) {
      stage.broke(`concurrencyIsKept: ${running.length} calls of ${method} run at side ${side}`);
    }
  }

  aborted(record: CallRecord): void {
    const { stage, disturbed } = this.#world;
    stage.note(() => `signal of #${record.plan.token} aborted`);
    const wrong = nobodyWaits(record, stage.agenda.now, disturbed);
    if (wrong !== undefined) stage.broke(wrong);
  }

  misread(record: CallRecord, error: unknown): void {
    const { stage, disturbed } = this.#world;
    stage.note(() => `handler of #${record.plan.token} cannot read on: ${error}`);
    const wrong = inputErrorIsRight(record, error, stage.agenda.now, disturbed);
    if (wrong !== undefined) stage.broke(wrong);
  }

  /** An error was reported at a side. */
  reported(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const record = this.#find(tokenIn(message));
    if (record !== undefined) record.reports++;
    else if (!EXPECTED.test(message)) {
      this.#world.stage.broke(`reportsMean: an error was reported that no handler threw: ${message}`);
    }
  }
}

/** What is told of handlers that gave what they may not give, and of events that are not as they should be. */
const EXPECTED =
  /gave an (answer|item) that|gave no stream|with data that does not match its contract|Invalid input|cannot be read|which nobody handles here|contracts of the two sides differ/;
