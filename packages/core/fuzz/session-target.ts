import type { Random } from '../sim/random.ts';
import { Budget, type Budgets } from '../src/connection/budget.ts';
import { CODES } from '../src/error/code.ts';
import { RpcError } from '../src/error/rpc-error.ts';
import { EVENTS_CALL, FLAG, FRAME, frameName } from '../src/wire/frame.ts';
import { encodeHello } from '../src/wire/hello.ts';
import { type Limits, limitsWith } from '../src/wire/limits.ts';
import { PREFACE, type Role } from '../src/wire/preface.ts';
import { bytesOf, framesIn } from './frame-bytes.ts';
import type { Frame } from './half-model.ts';
import { type Connect, connect, Honest } from './honest.ts';
import { FrameMaker } from './make-frame.ts';
import { Model } from './model.ts';
import { other, type Party } from './party.ts';
import { referenceValue } from './reference-reader.ts';
import { Broken, promise, type Target, type Trace } from './target.ts';

/** A connection whose other end knows the protocol and does not mean well. Each frame is judged by a model. */
export function sessionTarget(make: Connect = connect): Target {
  return {
    name: 'session',
    share: 16,
    run(random, trace) {
      const session = new Session(random, trace, make);
      for (let left = random.pick([5, 20, 60]); left > 0 && session.goesOn; left--) session.step();
      session.end();
      return session.fed;
    },
  };
}

const ROLES: readonly [Role, Role] = ['dialer', 'acceptor'];

class Session {
  readonly #random: Random;
  readonly #trace: Trace;
  readonly #hostile: Party;
  readonly #model: Model;
  readonly #maker: FrameMaker;
  readonly #honest: Honest;
  readonly #budgets: Budgets = { calls: new Budget(1000), queued: new Budget(2 ** 20) };
  #last: Frame | undefined = undefined;
  fed = 0;

  constructor(random: Random, trace: Trace, make: Connect) {
    this.#random = random;
    this.#trace = trace;
    const hostile: Party = random.pick([0, 1] as const);
    this.#hostile = hostile;
    const limits: readonly [Limits, Limits] = [someLimits(random), someLimits(random)];
    this.#model = new Model(limits);
    this.#maker = new FrameMaker(random, this.#model, hostile, random.pick([0, 0.01, 0.1]));
    const honest = other(hostile);
    trace(
      () =>
        `honest ${ROLES[honest]} takes ${JSON.stringify(limits[honest])}, the other ${JSON.stringify(limits[hostile])}`,
    );
    this.#honest = new Honest(ROLES[honest], limits[honest], this.#budgets, make);
    const hello = Buffer.from(encodeHello({ limits: limits[hostile], services: [], features: [] }));
    this.#receive(PREFACE[ROLES[hostile]]);
    this.#receive(bytesOf({ type: FRAME.HELLO, flags: 0, call: 0, payload: hello }));
    const said = this.#taken();
    const [greeting, ...more] = framesIn(said.subarray(16));
    promise(greeting?.type === FRAME.HELLO && more.length === 0, 'greets', () => said.toString('hex'));
  }

  get goesOn(): boolean {
    return this.#honest.connection.phase === 'open' && !this.#honest.connection.finished;
  }

  step(): void {
    const random = this.#random;
    if (random.chance(0.4)) {
      this.#honest.act(random);
      this.#drain();
    }
    if (!this.goesOn) return;
    const frame = this.#maker.frame();
    const verdict = this.#model.judge(this.#hostile, frame);
    this.#trace(() => `> ${brief(frame)} ${verdict}`);
    this.#receive(bytesOf(frame));
    const { closed } = this.#honest;
    const said = (): string => `${brief(frame)}: ${closed === undefined ? 'it goes on' : closed.message}`;
    if (verdict === 'right' && !this.#model.over) promise(closed === undefined, 'takesWhatIsRight', said);
    if (verdict === 'wrong') promise(closed !== undefined, 'endsOnWhatIsWrong', said);
    this.#drain();
    if (closed !== undefined && verdict !== 'right') this.#judgeEnd(closed);
  }

  /** The other end is gone, or this one is: whatever was open is over, and nothing is left. */
  end(): void {
    const random = this.#random;
    const { connection } = this.#honest;
    if (connection.phase === 'open' && random.chance(0.7)) {
      connection.ended();
      // It gets no credit any more, and needs none.
      const honest = other(this.#hostile);
      this.#model.events[honest].account = Number.POSITIVE_INFINITY;
      for (const { halves } of this.#model.calls.values()) halves[honest].account = Number.POSITIVE_INFINITY;
      if (random.chance(0.8)) {
        this.#honest.finish(random);
        this.#drain();
        promise(connection.finished, 'comesToItsEnd', () => 'it still waits for something');
        connection.leave();
      }
    }
    connection.abort(new RpcError('UNAVAILABLE', 'The test is over.'));
    this.#taken();
    this.#honest.judge();
    // Handlers may come to their end later, and bytes may still be on their way.
    this.#honest.finish(random);
    this.#receive(Buffer.alloc(20));
    connection.ended();
    promise(connection.take() === undefined, 'endsInSilence', () => 'something is sent after the end');
    const { calls, queued } = this.#budgets;
    promise(calls.used === 0 && queued.used === 0, 'givesBudgetsBack', () => `${calls.used}, ${queued.used}`);
  }

  #receive(bytes: Buffer): void {
    this.fed += bytes.length;
    const memory = Buffer.from(bytes);
    try {
      this.#honest.connection.receive(memory);
    } catch (error) {
      if (error instanceof Broken) throw error;
      throw new Broken(`receiveNeverThrows: ${error instanceof Error ? error.stack : String(error)}`);
    }
    memory.fill(0xff);
  }

  #taken(): Buffer {
    const pieces: Uint8Array[] = [];
    const { connection } = this.#honest;
    for (let piece = connection.take(); piece !== undefined; piece = connection.take()) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** What the honest end sends is right, and lets the other send no more than its limits say. */
  #drain(): void {
    const honest = other(this.#hostile);
    const { window, events } = this.#model.limits[honest];
    for (const frame of framesIn(this.#taken())) {
      const verdict = this.#model.judge(honest, frame);
      this.#trace(() => `< ${brief(frame)} ${verdict}`);
      promise(verdict === 'right', 'sendsWhatIsRight', () => `${brief(frame)} is ${verdict}`);
      this.#last = frame;
      if (frame.type !== FRAME.CREDIT && frame.type !== FRAME.STOP) continue;
      const call = this.#model.calls.get(frame.call);
      const open = call !== undefined && (call.opener === honest || call.halves[honest].state !== 'CLOSED');
      promise(open || frame.call === EVENTS_CALL, 'saysNoMoreOfACall', () => `${brief(frame)} comes behind its end`);
      const half = call?.halves[this.#hostile];
      const [name, most] = half?.state === 'FINAL' ? ['grantsTheRest', half.lacks] : ['holdsAWindow', window];
      const granted = half === undefined || half.state === 'CLOSED' ? 0 : half.account;
      promise(granted <= most, name, () => `${brief(frame)} makes it ${granted}`);
      promise(this.#model.events[this.#hostile].account <= events, 'holdsAWindow', () => 'events may be more');
      promise(this.#model.active(this.#hostile) <= 4, 'letsFewOn', () => `${brief(frame)} lets a fifth message on`);
    }
  }

  #judgeEnd(closed: RpcError): void {
    promise(closed.code === 'INTERNAL', 'saysWhoBrokeIt', () => closed.message);
    const last = this.#last;
    const fatal = last?.type === FRAME.GOAWAY && (last.flags & FLAG.MORE) !== 0;
    promise(fatal, 'saysWhy', () => `its last frame is ${last === undefined ? 'none' : brief(last)}`);
    const said = referenceValue((last as Frame).payload, { depth: 1, values: 100 }) as {
      code: number;
      message: string;
    };
    const right = said.code === CODES.INTERNAL && said.message.startsWith('You broke the protocol: ');
    promise(right, 'saysWhy', () => JSON.stringify(said));
  }
}

/** Small ones, so that they are reached. */
function someLimits(random: Random): Limits {
  return limitsWith({
    message: random.pick([1024, 4000, 2 ** 24]),
    bytes: random.pick([1024, 4000, 2 ** 30]),
    chunk: random.pick([1024, 4096]),
    calls: random.pick([0, 2, 5, 1024]),
    window: random.pick([1024, 3000, 2 ** 18]),
    events: random.pick([1024, 3000, 2 ** 18]),
    metadata: random.pick([0, 10, 1000]),
    nesting: random.pick([0, 64]),
    depth: random.pick([2, 64]),
    values: random.pick([16, 1_000_000]),
  });
}

function brief({ type, flags, call, payload }: Frame): string {
  return `${frameName(type)} flags ${flags} call ${call}: ${payload.length} ${payload.toString('hex', 0, 60)}`;
}
