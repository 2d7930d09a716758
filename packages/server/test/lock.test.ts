import { expect, test } from 'vitest';
import type { Generations } from '../src/socket-file/generations.ts';
import { Lock } from '../src/socket-file/lock.ts';

/** A long form by hand: NEARCALL_LOCK=1000000 */
const SEEDS = Number(process.env['NEARCALL_LOCK'] ?? 3000);
const PROCESSES = 5;
const LONG = { timeout: 30_000 + SEEDS };

/** A world of processes that want one lock, of which some crash at any step. Every step is one of the file system's. */
class World {
  /** Which process's socket has a number. Each link is a file to tell apart from others. */
  readonly files = new Map<number, { readonly owner: number; readonly id: number }>();
  readonly dead = new Set<number>();
  readonly holding = new Set<number>();
  readonly done = new Set<number>();
  readonly #ready = new Map<number, () => void>();
  readonly #random: () => number;
  #made = 0;
  violation = '';
  readonly log: string[] = [];

  readonly #isBlind: boolean;

  constructor(seed: number, isBlind = false) {
    this.#random = randomOf(seed);
    this.#isBlind = isBlind;
  }

  generationsOf(owner: number): Generations {
    const step = <T>(what: string, act: () => T): Promise<T> =>
      new Promise((resolve) => {
        this.#ready.set(owner, () => {
          const result = act();
          this.log.push(`${owner} ${what} ${result}`);
          resolve(result);
        });
      });
    return {
      make: (number) =>
        step(`make ${number}`, () => {
          if (this.files.has(number)) return false;
          this.files.set(number, { owner, id: this.#made++ });
          return true;
        }),
      file: (number) =>
        step(`file ${number}`, () => (this.#isBlind ? 'a file' : this.files.get(number)?.id.toString())),
      isStale: (number) => step(`isStale ${number}`, () => this.dead.has(this.files.get(number)?.owner ?? -1)),
      move: (number) =>
        step(`move ${number}`, () => {
          const file = this.files.get(number);
          if (file === undefined) throw new Error('What is moved is gone.');
          this.files.delete(number);
          this.files.set(1, file);
        }),
      remove: (number) =>
        step(`remove ${number}`, () => {
          const file = this.files.get(number);
          if (file === undefined || (file.owner !== owner && !this.dead.has(file.owner))) {
            this.violation ||= `${owner} removed what is not its own`;
          }
          this.files.delete(number);
        }),
      all: () => step('all', () => [...this.files.keys()]),
      pause: () => step('pause', () => {}),
      inWords: async (number) => `${number}`,
    };
  }

  async process(owner: number): Promise<void> {
    const generations = this.generationsOf(owner);
    const lock = new Lock(generations);
    const rounds = 1 + Math.floor(this.#random() * 2);
    for (let round = 0; round < rounds; round++) {
      await lock.take();
      if (this.holding.size > 0) this.violation ||= `${owner} holds it beside ${[...this.holding]}`;
      this.holding.add(owner);
      this.log.push(`${owner} holds`);
      await generations.pause();
      this.holding.delete(owner);
      await lock.free();
    }
    this.done.add(owner);
  }

  /** Runs until every process is done or dead. */
  async run(): Promise<void> {
    const patience = Math.floor(this.#random() * 30);
    const crashes = this.#random() * 0.1;
    for (let owner = 0; owner < PROCESSES; owner++) void this.process(owner);
    let running = -1;
    for (let steps = 0; this.#ready.size > 0 && this.violation === ''; steps++) {
      if (steps > 10_000) throw new Error('It does not come to an end.');
      // Some run on for a while, and others stand still meanwhile: that is where the races are.
      const owners = [...this.#ready.keys()];
      if (!this.#ready.has(running) || this.#random() * patience < 1) {
        running = owners[Math.floor(this.#random() * owners.length)] as number;
      }
      const act = this.#ready.get(running);
      this.#ready.delete(running);
      // The last one lives, to tell that what crashes leave keeps nobody out.
      if (this.#random() < crashes && this.dead.size < PROCESSES - 1) {
        this.log.push(`${running} dies`);
        this.dead.add(running);
        this.holding.delete(running);
      } else {
        act?.();
        await settled();
      }
    }
  }
}

/** Lets everything that needs no further step of a file system go on. */
async function settled(): Promise<void> {
  for (let i = 0; i < 12; i++) await undefined;
}

function randomOf(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('one process at a time holds the lock, however their steps fall and whoever crashes', LONG, async () => {
  let crashes = 0;
  let stepsOver = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const world = new World(seed);
    await world.run();
    if (world.violation !== '') throw new Error(`seed ${seed}: ${world.violation}\n${world.log.join('\n')}`);
    // Nobody waits for what a crash has left.
    expect(world.done.size + world.dead.size).toBe(PROCESSES);
    for (const { owner } of world.files.values()) expect(world.dead.has(owner)).toBe(true);
    crashes += world.dead.size;
    if (world.log.some((line) => / make [2-9] true/.test(line))) stepsOver++;
  }
  expect(crashes).toBeGreaterThan(SEEDS / 10);
  expect(stepsOver).toBeGreaterThan(SEEDS / 10);
});

test('such worlds find out a lock that cannot tell two files of one number apart', async () => {
  const violations = new Set<string>();
  for (let seed = 1; seed <= 1000; seed++) {
    const world = new World(seed, true);
    await world.run();
    violations.add(world.violation.replaceAll(/\d+/g, 'one'));
  }
  expect([...violations].sort()).toEqual(['', 'one holds it beside one', 'one removed what is not its own']);
});
