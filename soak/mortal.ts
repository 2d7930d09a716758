import { setTimeout } from 'node:timers/promises';
import { Random } from '../packages/core/sim/random.ts';
import type { Child } from './child.ts';
import type { LedgerReport } from './ledger.ts';

/** How long a process that may be stopped, or busy, is given to say how it stands, in milliseconds. */
const PATIENCE = 2000;

/** It is killed, or stopped for a while, or ends in order; and then another begins. */
type Fault = 'kill' | 'stop' | 'restart';

const FAULTS: readonly (readonly [weight: number, fault: Fault])[] = [
  [4, 'kill'],
  [4, 'stop'],
  [2, 'restart'],
];

/** What a process told of itself. */
export interface Told {
  readonly ledger: LedgerReport;
  readonly reports: Readonly<Record<string, number>>;
}

/** A process that is killed, stopped and started again. */
export class Mortal {
  /** What each of its processes told last. */
  readonly told = new Map<Child, Told>();
  /** What was done to it, and how often. */
  readonly faults: Record<string, number> = {};
  readonly #random: Random;
  readonly #make: () => Promise<Child>;
  readonly serves: boolean;
  #child!: Child;
  readonly #leaving = new AbortController();
  #over: Promise<void> = Promise.resolve();

  constructor(seed: number, make: () => Promise<Child>, serves: boolean) {
    this.#random = new Random(seed);
    this.#make = make;
    this.serves = serves;
  }

  get child(): Child {
    return this.#child;
  }

  async start(): Promise<void> {
    this.#child = await this.#make();
  }

  /** Lets it suffer from now on. `failed`: it did not as it was told. */
  suffer(failed: (why: string) => void): void {
    this.#over = this.#suffer().catch((error) => failed(String(error)));
  }

  /** Leaves it alone from now on, and alive. */
  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.#over;
  }

  async #suffer(): Promise<void> {
    const whom = this.serves ? 'server' : 'client';
    // Each once, and then as it comes.
    const first: Fault[] = ['kill', 'stop', 'restart'];
    for (;;) {
      await this.#pause(500, 5000);
      if (this.#leaving.signal.aborted) return;
      const fault = first.shift() ?? this.#random.weighted<Fault>(FAULTS);
      this.faults[`${fault} ${whom}`] = (this.faults[`${fault} ${whom}`] ?? 0) + 1;
      await this.tell();
      if (fault === 'stop') await this.#stop();
      else await this.#again(fault === 'restart');
    }
  }

  /** Asks it how it stands: it may not be there to be asked later. */
  async tell(): Promise<void> {
    const child = this.#child;
    const ask = async (): Promise<Told> => {
      return { ledger: await child.ask('ledger'), reports: await child.ask('reports') };
    };
    // Rejects where it is gone, and that is told elsewhere.
    const told = await Promise.race([ask().catch(() => undefined), setTimeout(PATIENCE, undefined)]);
    if (told !== undefined) this.told.set(child, told);
  }

  /** Stops it, for shorter or longer than anybody waits for it. */
  async #stop(): Promise<void> {
    this.#child.process.kill('SIGSTOP');
    if (this.#random.chance(0.7)) await this.#pause(100, 3000);
    else await this.#pause(5000, 12_000);
    if (this.#random.chance(0.3)) return this.#again(false);
    this.#child.process.kill('SIGCONT');
  }

  async #again(inOrder: boolean): Promise<void> {
    if (inOrder) await this.#child.ask('stop');
    await this.#child.kill();
    if (this.#random.chance(0.7)) await this.#pause(0, 2000);
    await this.start();
  }

  /** Waits so many milliseconds, or until it is to be left alone. */
  #pause(least: number, most: number): Promise<unknown> {
    const { signal } = this.#leaving;
    return setTimeout(this.#random.between(least, most), undefined, { signal }).catch(() => {});
  }
}
