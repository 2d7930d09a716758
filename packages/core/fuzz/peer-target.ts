import { z } from 'zod';
import type { Random } from '../sim/random.ts';
import { Implementations } from '../src/contract/implementations.ts';
import { event, implement, method, RpcError, service, stream } from '../src/index.ts';
import { Peer } from '../src/peer/peer.ts';
import type { TransportEvents } from '../src/transport/transport.ts';
import { FRAME } from '../src/wire/frame.ts';
import { encodeHello } from '../src/wire/hello.ts';
import { limitsWith } from '../src/wire/limits.ts';
import { PREFACE, type Role } from '../src/wire/preface.ts';
import { Hand, Line } from './by-hand.ts';
import { bytesOf } from './frame-bytes.ts';
import { FrameMaker } from './make-frame.ts';
import { Model } from './model.ts';
import { other, type Party } from './party.ts';
import { Broken, promise, type Target } from './target.ts';

/** A whole peer, with handlers, callers and readers, whose other end does not mean well. */
export const peerTarget: Target = {
  name: 'peer',
  share: 4,
  async run(random, trace) {
    const world = new World(random);
    await soon();
    for (let left = random.pick([5, 20, 60]); left > 0 && world.transport.open; left--) {
      const bytes = world.step();
      trace(() => `> ${bytes.toString('hex')}`);
      for (let turns = random.below(4); turns > 0; turns--) await soon();
    }
    await world.end();
    return world.fed;
  },
};

const s = service('s', {
  m0: method({ input: z.unknown(), output: z.unknown() }),
  m1: method({ input: z.unknown(), output: stream(z.unknown()) }),
  m2: method({ input: stream(z.unknown()), output: z.unknown() }),
  m3: method({ input: stream(z.string()), output: stream(z.string()) }),
  m4: event(z.number()),
});

const implementations = new Implementations([
  implement(s, {
    m0(input, { signal, deadline }) {
      if (typeof input !== 'number') return input;
      if (input > 100) throw new RpcError('NOT_FOUND', `There is none within ${deadline}.`);
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(input)));
    },
    async *m1(input) {
      for (let i = 0; i < 5; i++) yield [input, 'x'.repeat(300 * i)];
    },
    async m2(items) {
      let count = 0;
      for await (const _ of items) if (++count === 5) break;
      return count;
    },
    async *m3(items) {
      for await (const item of items) yield item.toUpperCase();
    },
    m4() {},
  }),
]);

/** What nobody has caught in this process, which no peer's bytes may bring about. */
const uncaught: unknown[] = [];
process.on('unhandledRejection', (reason) => uncaught.push(reason));

const ROLES: readonly [Role, Role] = ['dialer', 'acceptor'];

class World {
  readonly transport = new Line();
  readonly #random: Random;
  readonly #me: Party;
  readonly #model: Model;
  readonly #maker: FrameMaker;
  readonly #clock = new Hand();
  readonly #peer: Peer;
  #calls = 0;
  #settled = 0;
  fed = 0;

  constructor(random: Random) {
    this.#random = random;
    const me = random.pick([0, 1] as const);
    this.#me = me;
    const own = limitsWith({ chunk: 1024, window: random.pick([1024, 2 ** 18]), calls: random.pick([2, 1024]) });
    const limits = limitsWith({
      chunk: 1024,
      window: random.pick([1024, 2 ** 18]),
      events: random.pick([1024, 2 ** 18]),
    });
    this.#model = new Model(me === 0 ? [own, limits] : [limits, own]);
    this.#maker = new FrameMaker(random, this.#model, me, random.pick([0, 0.01, 0.05]));
    const role = ROLES[other(me)];
    this.#peer = new Peer(this.transport, { role, limits, implementations, clock: this.#clock, onError: () => {} });
    const hello = Buffer.from(encodeHello({ limits: own, services: [], features: [] }));
    this.#receive(
      Buffer.concat([PREFACE[ROLES[me]], bytesOf({ type: FRAME.HELLO, flags: 0, call: 0, payload: hello })]),
    );
  }

  step(): Buffer {
    const random = this.#random;
    if (random.chance(0.3)) this.#call();
    if (random.chance(0.1)) this.#clock.fire(random);
    this.#read();
    const frame = this.#maker.frame();
    this.#model.judge(this.#me, frame);
    const bytes = bytesOf(frame);
    this.#receive(bytes);
    return bytes;
  }

  async end(): Promise<void> {
    if (this.#random.chance(0.5)) this.#told((events) => events.ended());
    await soon();
    this.transport.open = false;
    this.#told((events) => events.closed());
    let over = false;
    void this.#peer.closed.then(() => {
      over = true;
    });
    for (let turns = 0; turns < 20; turns++) await soon();
    await new Promise((resolve) => setImmediate(resolve));
    promise(over, 'itEnds', () => 'the peer is not closed');
    promise(
      this.#settled === this.#calls,
      'settlesOnce',
      () => `${this.#settled} of ${this.#calls} calls have settled`,
    );
    const { pending, serving } = this.#peer;
    promise(pending + serving === 0, 'forgetsItsCalls', () => `${pending} and ${serving} are open`);
    promise(!this.transport.afterTheEnd, 'endsInSilence', () => 'something is sent after the end');
    if (uncaught.length > 0) throw new Broken(`nothingIsUncaught: ${describe(uncaught.splice(0)[0])}`);
  }

  #receive(bytes: Buffer): void {
    this.fed += bytes.length;
    const memory = Buffer.from(bytes);
    this.#told((events) => events.data(memory));
    memory.fill(0xff);
  }

  #told(tell: (events: TransportEvents) => void): void {
    try {
      tell(this.transport.events);
    } catch (error) {
      throw new Broken(`receiveNeverThrows: ${describe(error)}`);
    }
  }

  /** What has left, as far as its frames are whole. */
  #read(): void {
    for (const frame of this.transport.frames()) this.#model.judge(other(this.#me), frame);
  }

  #call(): void {
    const random = this.#random;
    const client = this.#peer.client(s);
    const settled = (): void => void this.#settled++;
    const options = random.chance(0.3) ? { deadline: 1 + random.below(100) } : {};
    this.#calls++;
    switch (random.below(5)) {
      case 0:
        client.m0('hello', options).then(settled, settled);
        return;
      case 1:
        readSome(client.m1('hello', options), random.below(4)).then(settled, settled);
        return;
      case 2:
        client.m2(['a', 'b', 'x'.repeat(2000)], options).then(settled, settled);
        return;
      case 3:
        readSome(client.m3(['a', 'b'], options), random.below(4)).then(settled, settled);
        return;
      default:
        client.m4(1).then(settled, settled);
    }
  }
}

async function readSome(items: AsyncIterable<unknown>, count: number): Promise<void> {
  let left = count;
  for await (const _ of items) if (--left < 0) break;
}

/** What is due has had its turn. */
async function soon(): Promise<void> {
  for (let i = 0; i < 10; i++) await null;
}

function describe(error: unknown): string {
  return error instanceof Error ? String(error.stack) : String(error);
}
