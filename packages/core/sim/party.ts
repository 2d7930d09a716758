import { Budget, type Budgets } from '../src/connection/budget.ts';
import type { CallOptions } from '../src/contract/call-options.ts';
import type { Context } from '../src/contract/context.ts';
import { type Implementation, implement } from '../src/contract/implement.ts';
import { Implementations } from '../src/contract/implementations.ts';
import { Peer } from '../src/peer/peer.ts';
import type { Side } from './agenda.ts';
import type { Breakage, Invoke } from './breakage.ts';
import { breaking, callsBy, elsewhere, type MethodName, sim } from './contract.ts';
import { End } from './end.ts';
import { Ledger } from './ledger.ts';
import type { Plan } from './plan.ts';
import { SimClock } from './sim-clock.ts';
import type { Stage } from './stage.ts';
import { Tap, wordsFor } from './tap.ts';

/** What a party tells of its peer. */
export interface PartyEvents {
  handle(side: Side, method: MethodName, input: unknown, context: Context): unknown;
  reported(error: unknown): void;
  /** The first frame of a request or event leaves. */
  left(token: number | undefined): void;
  /** The first frame of a request or event has come at this side. */
  begun(side: Side, token: number | undefined): void;
  /** A request or event has come whole at this side. */
  came(side: Side, token: number | undefined): void;
}

type Stub = Record<string, (input: unknown, options: CallOptions | undefined) => unknown>;
type Stubs = { readonly [service: string]: Stub };

/** One end of the connection with all that belongs to it. */
export class Party {
  readonly side: Side;
  readonly end: End;
  readonly serves: boolean;
  /** The error that `ready` rejected with. */
  refused: unknown = undefined;
  openedAt = Number.POSITIVE_INFINITY;
  beganAt = Number.POSITIVE_INFINITY;
  readyAt = Number.POSITIVE_INFINITY;
  /** When its transport closed, and when `closed` was fulfilled. */
  overAt = Number.POSITIVE_INFINITY;
  closedAt = Number.POSITIVE_INFINITY;
  peer: Peer | undefined = undefined;
  /** Whether its user has closed it. */
  closing = false;
  /** What this side says and hears, by the protocol's rules. */
  readonly ledger: Ledger;
  readonly budgets: Budgets;
  #stubs: Stubs = {};
  readonly #stage: Stage;
  readonly #plan: Plan;
  readonly #events: PartyEvents;
  readonly #breakage: Breakage;
  readonly #clock: SimClock;
  readonly #got: Tap;
  readonly invoke: Invoke;

  constructor(stage: Stage, side: Side, plan: Plan, events: PartyEvents, breakage: Breakage) {
    this.#stage = stage;
    this.#plan = plan;
    this.#events = events;
    this.#breakage = breakage;
    this.side = side;
    this.serves = plan.serves[side];
    this.#clock = new SimClock(stage, side, plan.clock);
    this.end = new End(stage, side, plan.link, () => {
      this.overAt = stage.agenda.now;
      this.#clock.over();
    });
    if (breakage.bytes !== undefined) this.end.distort = breakage.bytes(stage.random, side);
    const direct: Invoke = (service, method, input, options) => this.#stubs[service]?.[method]?.(input, options);
    this.invoke = breakage.invoke?.(direct) ?? direct;
    const { calls, queued } = plan.allowances[side];
    this.budgets = { calls: new Budget(calls), queued: new Budget(queued) };
    const other = side === 0 ? 1 : 0;
    const early = () => this.#got.kept;
    this.ledger = new Ledger(side, plan.limits[side], plan.limits[other], early, (what) => stage.broke(what));
    this.#got = this.#listen();
  }

  /** Sees what this side sends, and what it gets. */
  #listen(): Tap {
    const { side } = this;
    const stage = this.#stage;
    const sent = new Tap({
      frame: (frame) => this.ledger.sent(frame),
      begun: (token) => this.#events.left(token),
      requested: () => {},
      accused: () => {},
    });
    const got = new Tap({
      frame: (frame) => {
        stage.note(() => `${side}:   ${wordsFor(frame)}`);
        this.ledger.got(frame);
      },
      begun: (token) => this.#events.begun(side, token),
      requested: (token) => this.#events.came(side, token),
      accused: (words) => stage.broke(`protocolIsKept: side ${side} was told: ${words.replace(/[^ -~]/g, '.')}`),
    });
    this.end.listen({
      sent: (bytes) => sent.see(bytes),
      got: (bytes) => {
        this.ledger.hear();
        got.see(bytes);
      },
      ended: () => this.ledger.ended(),
      heardTheEnd: () => this.ledger.heardTheEnd(),
    });
    return got;
  }

  /** Makes the peer. */
  begin(): void {
    const { agenda } = this.#stage;
    const { limits, handshake } = this.#plan;
    const { side } = this;
    const peer = new Peer(this.end, {
      role: side === 0 ? 'dialer' : 'acceptor',
      implementations: new Implementations(this.serves ? [this.#implementation()] : []),
      limits: limits[side],
      budgets: this.budgets,
      handshake: handshake[side],
      onError: (error) => this.#events.reported(error),
      clock: this.#breakage.clock?.(this.#clock) ?? this.#clock,
    });
    this.peer = peer;
    this.beganAt = agenda.now;
    peer.ready.then(
      () => {
        this.openedAt = agenda.now;
        this.readyAt = agenda.now;
      },
      (error: unknown) => {
        this.refused = error;
        this.readyAt = agenda.now;
      },
    );
    void peer.closed.then(() => {
      this.closedAt = agenda.now;
    });
    this.#stubs = peer.client({ sim: callsBy(this.#plan, side), elsewhere, breaking }) as unknown as Stubs;
  }

  close(grace: number): void {
    if (this.peer === undefined) return;
    this.closing = true;
    void this.peer.close({ grace });
  }

  /** How calls are made through what a handler knows of its caller. */
  invokeOf(stubs: unknown): Invoke {
    const direct: Invoke = (service, method, input, options) => (stubs as Stubs)[service]?.[method]?.(input, options);
    return this.#breakage.invoke?.(direct) ?? direct;
  }

  /** Whether the handshake may have been given up by now: that ends the connection with nobody else to blame. */
  mayHaveGivenUp(late: number): boolean {
    const limit = this.beganAt + this.#plan.handshake[this.side] - 1;
    return this.#stage.agenda.now >= limit && this.openedAt + late >= limit;
  }

  #implementation(): Implementation {
    const handler = (method: MethodName) => (input: unknown, context: Context) => {
      const run = () => this.#events.handle(this.side, method, input, context);
      return this.#breakage.handler === undefined ? run() : this.#breakage.handler(run, method);
    };
    const names = Object.keys(sim.methods) as MethodName[];
    const handlers = Object.fromEntries(names.map((name) => [name, handler(name)]));
    const { concurrency: most } = this.#plan.allowances[this.side];
    const limited = names.filter((name) => name !== 'tell' && most !== Number.POSITIVE_INFINITY);
    const concurrency = Object.fromEntries(limited.map((name) => [name, most]));
    return implement(sim as unknown as { '~handlers': typeof handlers }, handlers, { concurrency });
  }
}
