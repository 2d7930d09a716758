import type { Generations } from './generations.ts';

/** How long to wait for one other process that holds the lock, in milliseconds. */
const PATIENCE = 5000;

/**
 * A lock that a crash frees: whoever has made the first generation holds it, until it removes that again. Where the first
 * was left behind by a crash it is stepped over: by making the second, which then takes the place of the first; or the
 * third, and so on. Why there is never more than one holder:
 *
 * - A generation is live until its process is gone, and never again. What was left behind is removed by a holder alone,
 *   and only when the first generation is its own; what is live is removed by its own process alone.
 * - Making one never replaces a file. Who has made one after it saw all lower ones left behind holds the lock if the first
 *   is still the file that it was before: then nobody has removed any of them since, and whoever else has made one has
 *   seen ours live, or stands above a live one.
 */
export class Lock {
  readonly #generations: Generations;

  constructor(generations: Generations) {
    this.#generations = generations;
  }

  /**
   * Fulfils when we hold the lock.
   *
   * @throws Error where one other holds it for too long, naming what to look for.
   */
  async take(): Promise<void> {
    let deadline = 0;
    let holder: string | undefined;
    for (;;) {
      const obstacle = await this.#attempt();
      if (obstacle === 0) return;
      const file = await this.#generations.file(obstacle);
      if (file === undefined || file !== holder) {
        holder = file;
        deadline = performance.now() + PATIENCE;
      } else if (performance.now() > deadline) {
        throw new Error(
          `another process has been starting a server there for ${PATIENCE / 1000} seconds, and holds ` +
            `${await this.#generations.inWords(obstacle)}. Where it hangs, end it.`,
        );
      }
      await this.#generations.pause();
    }
  }

  async free(): Promise<void> {
    // Where it cannot be removed it is left behind, as by a crash.
    await this.#generations.remove(1).catch(() => {});
  }

  /** Fulfils with 0 if we hold the lock now, or with a generation that is in the way. */
  async #attempt(): Promise<number> {
    const generations = this.#generations;
    if (await generations.make(1)) return 0;
    const first = await generations.file(1);
    let number = 1;
    do {
      if (!(await generations.isStale(number))) return number;
      number++;
    } while (!(await generations.make(number)));
    let isHeld = false;
    try {
      isHeld = first !== undefined && (await generations.file(1)) === first;
      if (isHeld) await generations.move(number);
    } finally {
      if (!isHeld) await generations.remove(number);
    }
    if (isHeld) await this.#tidy().catch(() => {});
    return isHeld ? 0 : 1;
  }

  /** Removes what crashes have left of higher generations, once the first one is ours. */
  async #tidy(): Promise<void> {
    for (const number of await this.#generations.all()) {
      if (number > 1 && (await this.#generations.isStale(number))) await this.#generations.remove(number);
    }
  }
}
