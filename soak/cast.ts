import { join } from 'node:path';
import { Random } from '../packages/core/sim/random.ts';
import { type Child, start } from './child.ts';
import type { ClientPlan } from './children/client-child.ts';
import type { HostilePlan } from './children/hostile-child.ts';
import type { ProxyPlan } from './children/proxy-child.ts';
import type { ServerPlan } from './children/server-child.ts';
import type { Leak } from './leak.ts';
import type { LinkPlan } from './link.ts';
import { Mortal } from './mortal.ts';

/** The processes of a soak. */
export interface Cast {
  /** Those that live for the whole run, and are watched. The server is first. */
  readonly server: Child;
  readonly proxy: Child;
  readonly clients: readonly Child[];
  readonly hostile: Child;
  /** Those that are killed, stopped and started again. */
  readonly mortals: readonly Mortal[];
}

/** What a cast is made of. */
export interface CastOptions {
  /** Where the files of the processes are, and their sockets. */
  readonly directory: string;
  readonly seed: number;
  readonly leak: Leak;
  /** A process ended that nobody ended. */
  readonly failed: (why: string) => void;
}

/** Starts all processes, and lets each begin what it is there for. */
export async function cast({ directory, seed, leak, failed }: CastOptions): Promise<Cast> {
  const random = new Random(seed);
  const at = (name: string): string => join(directory, `${name}.sock`);
  const unix = (name: string): string => `unix:${at(name)}`;
  const some = (): number => random.below(2 ** 30);
  let makers = 0;

  async function one<P>(file: string, name: string, plan: P): Promise<Child> {
    const child = await start(directory, file, name, plan, failed);
    await child.ask('start');
    return child;
  }
  const clientPlan = (links: readonly LinkPlan[]): ClientPlan => ({ seed: some(), maker: ++makers, links });
  const mortalServer = (name: string): Promise<Child> =>
    one('server-child', name, { seed: some(), addresses: [unix(name)], leak: 'none' } satisfies ServerPlan);

  const serverPlan: ServerPlan = { seed: some(), addresses: [unix('steady'), 'tcp://127.0.0.1:0'], leak };
  const server = await start(directory, 'server-child', 'server', serverPlan, failed);
  const [direct = '', tcp = ''] = await server.ask<string[]>('start');
  const proxyPlan: ProxyPlan = { seed: some(), path: at('proxied'), target: at('steady') };
  const proxy = await one('proxy-child', 'proxy', proxyPlan);
  const mortals = ['mortal1', 'mortal2'].map((name) => new Mortal(some(), () => mortalServer(name), true));
  await Promise.all(mortals.map((mortal) => mortal.start()));

  const lives = { strict: true, waitForReady: false, remembered: true };
  const suffers = { strict: false, waitForReady: false, remembered: true };
  const dies = { strict: false, waitForReady: false, remembered: false };
  const all = [direct, unix('mortal1'), unix('mortal2')];
  const clients = [
    await one(
      'client-child',
      'client, direct',
      clientPlan([
        { name: 'direct', addresses: [direct], ...lives, workers: 5 },
        { name: 'tcp', addresses: [tcp], ...lives, workers: 3 },
      ]),
    ),
    await one(
      'client-child',
      'client, harmed',
      clientPlan([
        { name: 'direct', addresses: [direct], ...lives, workers: 1 },
        { name: 'proxied', addresses: [unix('proxied')], ...suffers, halfClosed: true, workers: 4 },
        { name: 'mortal', addresses: [unix('mortal1')], ...dies, waitForReady: true, workers: 2 },
        { name: 'balanced', addresses: all, ...dies, workers: 3 },
      ]),
    ),
  ];
  const mortalClient = (): Promise<Child> =>
    one(
      'client-child',
      'mortal client',
      clientPlan([
        { name: 'direct', addresses: [direct], ...suffers, workers: 2 },
        { name: 'mortal', addresses: [unix('mortal2')], ...dies, workers: 1 },
      ]),
    );
  for (let i = 0; i < 2; i++) {
    const mortal = new Mortal(some(), mortalClient, false);
    await mortal.start();
    mortals.push(mortal);
  }
  const hostile = await one('hostile-child', 'hostile', { seed: some(), path: at('steady') } satisfies HostilePlan);
  return { server, proxy, clients, hostile, mortals };
}
