import type { Implementations } from '../../src/contract/implementations.ts';
import { Peer } from '../../src/peer/peer.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { End } from '../end.ts';
import { SimClock } from '../sim-clock.ts';
import type { Stage } from '../stage.ts';
import type { ChannelPlan, Happening, Mood } from './channel-plan.ts';

interface Link {
  readonly near: End;
  readonly far: End;
  peer: Peer | undefined;
}

/** The servers that a client may dial, and all of its links to them. */
export class Network {
  readonly #stage: Stage;
  readonly #plan: ChannelPlan;
  readonly #clock: SimClock;
  readonly #implementations: Implementations;
  readonly #moods: Mood[];
  readonly #links: Set<Link>[];
  /** The client's ends of all links that were ever made. */
  readonly ends: End[] = [];
  /** When the client has dialled, last of all. */
  dialledAt = -1;
  /** How often calls may have been lost or turned away. */
  shocks = 0;

  constructor(stage: Stage, plan: ChannelPlan, implementations: Implementations) {
    this.#stage = stage;
    this.#plan = plan;
    this.#implementations = implementations;
    this.#clock = new SimClock(stage, 1, plan.clock);
    this.#moods = [...plan.servers];
    this.#links = plan.servers.map(() => new Set());
  }

  /** Whether a client's end holds its process. */
  get held(): boolean {
    return this.ends.some(({ held, closed }) => held && !closed);
  }

  dial(server: number): Transport {
    const { agenda, random } = this.#stage;
    const { link: style } = this.#plan;
    const mood = this.#moods[server] as Mood;
    this.#stage.note(() => `0: dials ${server}, which is ${mood}`);
    this.dialledAt = agenda.now;
    const near = new End(this.#stage, 0, style, () => {});
    const link: Link = { near, far: new End(this.#stage, 1, style, () => links?.delete(link)), peer: undefined };
    const links = this.#links[server];
    End.join(near, link.far);
    this.ends.push(near);
    if (mood === 'down' || mood === 'busy') {
      const code = mood === 'down' ? 'ECONNREFUSED' : 'EAGAIN';
      const cause = Object.assign(new Error(`connect ${code}`), { code });
      agenda.after(0, 0, () => near.close(new Error(`the server is ${mood}`, { cause })));
      return near;
    }
    links?.add(link);
    if (mood !== 'hanging') agenda.after(random.time(style.latency), 1, () => this.#accept(server, link));
    return near;
  }

  befall({ server, what, grace }: Pick<Happening, 'server' | 'what' | 'grace'>): void {
    this.#stage.note(() => `1: server ${server} is ${what}${what === 'drained' ? `, grace ${grace}` : ''}`);
    const links = [...(this.#links[server] ?? [])];
    if (what === 'killed') {
      this.#moods[server] = 'down';
      this.shocks++;
      for (const { far } of links) far.close(new Error('killed'));
    } else if (what === 'drained') {
      this.#moods[server] = 'down';
      this.shocks++;
      for (const { far, peer } of links) {
        if (peer === undefined) far.close();
        else void peer.close({ grace });
      }
    } else {
      this.#moods[server] = what;
      if (what === 'up') for (const link of links) this.#accept(server, link);
    }
  }

  #accept(server: number, link: Link): void {
    if (link.peer !== undefined || link.far.closed || this.#moods[server] === 'hanging') return;
    link.peer = new Peer(link.far, {
      role: 'acceptor',
      implementations: this.#implementations,
      limits: this.#plan.limits,
      clock: this.#clock,
      onError: () => {},
    });
    if (this.#moods[server] === 'refusing') link.peer.refuse('the server is busy');
  }
}
