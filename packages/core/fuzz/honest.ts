import type { Random } from '../sim/random.ts';
import type { Budgets } from '../src/connection/budget.ts';
import type { IncomingCall, MethodDeclaration } from '../src/connection/call.ts';
import { Connection } from '../src/connection/connection.ts';
import { Asked } from '../src/connection/test-by-hand.ts';
import { KIND, type Kind } from '../src/contract/kind.ts';
import { RpcError } from '../src/error/rpc-error.ts';
import { Malformed } from '../src/wire/inspect.ts';
import { type Limits, limitsWith } from '../src/wire/limits.ts';
import { encodeMetadata } from '../src/wire/metadata.ts';
import type { Role } from '../src/wire/preface.ts';
import { pick, someValue } from './some-value.ts';
import { promise } from './target.ts';
import { DESCRIPTIONS } from './vectors.ts';

/** A call or an event of the honest end's, and whether it was given up, so that it may never hear more. */
class Own extends Asked {
  cancelled = false;
}

/** A call that came, and whether the host has said the last of it. */
interface Served {
  readonly call: IncomingCall<string>;
  done: boolean;
}

/** What the methods of either end are called by. */
export const FINGERPRINT: Uint8Array = new Uint8Array(8).fill(7);

/** How an honest end treats the calls that come, at once: not at all, or by what number they are. */
export type Manner = 'waits' | 'answers';

/** Makes a connection: the true one, or one that is broken on purpose. */
export type Connect = (
  role: Role,
  limits: Limits,
  host: ConstructorParameters<typeof Connection<string>>[2],
  budgets: Budgets,
) => Connection<string>;

export const connect: Connect = (role, limits, host, budgets) =>
  new Connection(role, { limits: limitsWith(limits), services: ['s'], features: [] }, host, budgets);

/** An honest end of a connection: it does whatever its user may, and notes what it is told. */
export class Honest {
  readonly connection: Connection<string>;
  /** What its host was told. */
  readonly told: string[] = [];
  closed: RpcError | undefined = undefined;
  readonly #own: Own[] = [];
  readonly #served: Served[] = [];
  readonly #events: (() => void)[] = [];
  readonly #methods: MethodDeclaration[] = [];
  #time = 0;

  constructor(role: Role, limits: Limits, budgets: Budgets, make: Connect, manner: Manner = 'waits') {
    this.connection = make(
      role,
      limits,
      {
        wake: () => {},
        opened: () => this.#tell('opened'),
        resolve: ({ service, name }) => (name.startsWith('unknown') ? undefined : `${service}.${name}`),
        contract: () => ({ fingerprint: FINGERPRINT, description: DESCRIPTIONS[0] }),
        now: () => this.#time++,
        waits: () => {},
        request: (call) => {
          this.#tell(`request ${call.id}`);
          const served = { call, done: false };
          this.#served.push(served);
          if (manner === 'answers') this.#answerByNumber(served);
        },
        cancelled: (call) => this.#tell(`cancelled ${call.id}`),
        inputEnded: (call, error) => this.#tell(`input ended ${call.id} ${error?.code}`),
        event: (target, _value, _metadata, settled) => {
          this.#tell(`event ${target}`);
          if (manner === 'answers') settled();
          else this.#events.push(settled);
        },
        eventLost: (target, error) => this.#tell(`event lost ${target} ${error.code}`),
        draining: () => this.#tell('draining'),
        finished: (reason) => {
          this.#tell(`closed ${reason.code}`);
          this.closed = reason;
        },
      },
      budgets,
    );
  }

  /** Does one thing that its user may do now. */
  act(random: Random): void {
    if (this.connection.phase !== 'open') return;
    const own = pick(random, this.#own);
    const served = pick(random, this.#served);
    switch (random.below(13)) {
      case 0:
      case 1:
        return this.#ask(random);
      case 2:
        if (own?.outflow?.roomy === true) this.#tried(() => own.outflow?.add(someValue(random)));
        return;
      case 3:
        if (own !== undefined) this.connection.exchange.caller.end(own);
        return;
      case 4:
        if (own === undefined || own.id < 0 || random.chance(0.6)) return;
        own.cancelled = true;
        return this.connection.exchange.caller.cancel(own, random.pick(['CANCELLED', 'DEADLINE_EXCEEDED']));
      case 5:
        if (own !== undefined && !this.#read(own)) this.connection.exchange.caller.cancel(own, 'CANCELLED');
        return;
      case 6:
      case 7:
        if (served !== undefined) this.#answer(served, random);
        return;
      case 8:
        if (served !== undefined && !served.done && !this.#read(served.call)) this.#fail(served);
        return;
      case 9:
        if (served?.call.outflow?.roomy === true) this.#tried(() => served.call.outflow?.add(someValue(random)));
        return;
      case 10:
        return this.#events.splice(random.below(this.#events.length + 1), 1)[0]?.();
      case 11:
        return this.#emit(random);
      default:
        if (random.chance(0.05)) this.connection.drain();
        else if (random.chance(0.1)) this.connection.ask();
        else if (served !== undefined && !served.done) this.connection.exchange.responder.stop(served.call);
    }
  }

  /** Answers all that it has got, as handlers do sooner or later, also after the connection is over. */
  finish(random: Random): void {
    for (const settled of this.#events.splice(0)) settled();
    for (const served of this.#served) this.#answer(served, random);
  }

  /** Holds it to what must be when everything is over. */
  judge(): void {
    promise(this.closed !== undefined, 'itEnds', () => 'the host was not told that the connection is over');
    for (const { outcomes, cancelled, id } of this.#own) {
      const right = outcomes.length === 1 || (cancelled && outcomes.length === 0);
      promise(right, 'settlesOnce', () => `the call ${id} has ${outcomes.length} outcomes`);
    }
    const { caller, callee } = this.connection.exchange;
    promise(caller.size + callee.size === 0, 'forgetsItsCalls', () => `${caller.size} and ${callee.size} are open`);
  }

  #tell(what: string): void {
    promise(this.closed === undefined, 'endsInSilence', () => `after the end its host was told: ${what}`);
    this.told.push(what);
  }

  #ask(random: Random): void {
    const { connection } = this;
    if (!connection.canCall || this.#own.length > 20) return;
    const call = new Own();
    if (random.chance(0.2)) call.metadata = encodeMetadata({ a: 'b' }, { metadata: 1000, chunk: 1000 });
    if (random.chance(0.1)) call.nesting = 1;
    const time = random.chance(0.5) ? Number.POSITIVE_INFINITY : 100;
    const kind = random.below(4) as Kind;
    if (this.#tried(() => connection.exchange.request(call, this.#method(kind), someValue(random), time))) {
      this.#own.push(call);
    }
  }

  #emit(random: Random): void {
    const { connection } = this;
    if (!connection.canEmit) return;
    const event = new Own();
    if (this.#tried(() => connection.exchange.emit(this.#method(KIND.event), event, someValue(random)))) {
      this.#own.push(event);
    }
  }

  #method(kind: Kind): MethodDeclaration {
    const found = this.#methods.find((method) => method.kind === kind);
    if (found !== undefined) return found;
    const description = kind % 2 === 0 ? DESCRIPTIONS[1] : undefined;
    const method = { service: 's', name: `m${kind}`, kind, fingerprint: new Uint8Array(8), description };
    this.#methods.push(method);
    return method;
  }

  #answer(served: Served, random: Random): void {
    const { call } = served;
    const { responder } = this.connection.exchange;
    if (served.done) return;
    if (random.chance(0.2) && !call.headed && call.outflow?.begun !== true && !call.decided) {
      this.#tried(() => responder.header(call, encodeMetadata({ a: 'b' }, responder.remote)));
    }
    if (random.chance(0.3)) return this.#fail(served);
    served.done = this.#tried(() => responder.answer(call, call.outflow === undefined ? someValue(random) : undefined));
    if (!served.done) this.#fail(served);
  }

  #fail(served: Served): void {
    served.done = true;
    this.connection.exchange.responder.fail(served.call, new RpcError('NOT_FOUND', 'There is none.'));
  }

  /** What is done by the number that a call has, so that it is the same whenever it comes. */
  #answerByNumber(served: Served): void {
    const { call } = served;
    const { responder } = this.connection.exchange;
    const { inflow, outflow } = call;
    const read = (): void => void this.#read(call);
    if (inflow !== undefined) {
      inflow.onItems = read;
      read();
    }
    if (outflow?.roomy === true) outflow.add('an item');
    const number = this.#served.length % 4;
    if (number === 0) return;
    served.done = true;
    if (number === 1) this.#fail(served);
    else this.#tried(() => responder.answer(call, outflow === undefined ? 'an answer' : undefined));
  }

  /** Reads all that is here of a stream. Returns false where it cannot be read. */
  #read({ inflow }: { readonly inflow: IncomingCall['inflow'] }): boolean {
    if (inflow === undefined) return true;
    try {
      while (inflow.next() !== undefined);
      return true;
    } catch (error) {
      if (error instanceof Malformed) return false;
      throw error;
    }
  }

  /** Returns whether it went; the user is told of it by an error where it did not. */
  #tried(action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      if (error instanceof RpcError) return false;
      throw error;
    }
  }
}
