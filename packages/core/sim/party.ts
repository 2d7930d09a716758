import type { Context } from '../src/contract/context.ts';
import { type Implementation, implement } from '../src/contract/implement.ts';
import { Implementations } from '../src/contract/implementations.ts';
import { Peer } from '../src/peer/peer.ts';
import type { Side } from './agenda.ts';
import type { Breakage, Invoke } from './breakage.ts';
import { elsewhere, type MethodName, sim } from './contract.ts';
import { End } from './end.ts';
import type { Plan } from './plan.ts';
import { SimClock } from './sim-clock.ts';
import type { Stage } from './stage.ts';
import { Tap } from './tap.ts';

/** What a party tells of its peer. */
export interface PartyEvents {
  handle(side: Side, method: MethodName, input: unknown, context: Context): unknown;
  reported(side: Side, error: unknown): void;
  /** A request has come whole at this side. */
  requested(side: Side, token: number | undefined): void;
}

type Stub = Record<string, Invoke extends (s: string, m: string, ...rest: infer R) => infer P ? (...r: R) => P : never>;

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
  #stubs: { readonly [service: string]: Stub } = {};
  readonly #stage: Stage;
  readonly #plan: Plan;
  readonly #events: PartyEvents;
  readonly #breakage: Breakage;
  readonly #clock: SimClock;
  #invoke: Invoke = (service, method, input, options) =>
    (this.#stubs[service] as Stub)[method]?.(input, options) as PromiseLike<unknown>;

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
    if (breakage.invoke !== undefined) this.#invoke = breakage.invoke(this.#invoke);
    const tap = new Tap({
      frame: (what) => stage.note(() => `${side}:   ${what}`),
      requested: (token) => events.requested(side, token),
      accused: (words) => stage.broke(`protocolIsKept: side ${side} was told: ${words.replace(/[^ -~]/g, '.')}`),
    });
    this.end.tap = (bytes) => tap.see(bytes);
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
      handshake: handshake[side],
      onError: (error) => this.#events.reported(side, error),
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
    this.#stubs = peer.client({ sim, elsewhere }) as unknown as { readonly [service: string]: Stub };
  }

  close(grace: number): void {
    if (this.peer === undefined) return;
    this.closing = true;
    void this.peer.close({ grace });
  }

  get invoke(): Invoke {
    return this.#invoke;
  }

  /** Whether the handshake may have been given up by now: that ends the connection with nobody else to blame. */
  mayHaveGivenUp(late: number): boolean {
    const limit = this.beganAt + this.#plan.handshake[this.side] - 1;
    return this.#stage.agenda.now >= limit && this.openedAt + late >= limit;
  }

  #implementation(): Implementation {
    const handler = (method: MethodName) => (input: unknown, context: Context) => {
      const run = () => this.#events.handle(this.side, method, input, context);
      return this.#breakage.handler === undefined ? run() : this.#breakage.handler(run);
    };
    const names = Object.keys(sim.methods) as MethodName[];
    const handlers = Object.fromEntries(names.map((name) => [name, handler(name)]));
    return implement(sim as unknown as { '~handlers': typeof handlers }, handlers);
  }
}
