import { Agenda, type Side } from './agenda.ts';
import type { Random } from './random.ts';

/** What everything in a run shares: chance, time, and a place to say what broke. */
export class Stage {
  readonly random: Random;
  readonly agenda: Agenda;
  /** What happened, line by line, where somebody wants to read it. */
  readonly trace: string[] | undefined;
  /** The first promise that was broken. */
  broken: string | undefined = undefined;
  /** What wakes those who wait for nothing that would come by itself. */
  readonly #parked = new Set<() => void>();

  constructor(random: Random, strict: boolean, traced: boolean) {
    this.random = random;
    this.agenda = new Agenda(random, strict);
    this.trace = traced ? [] : undefined;
  }

  /** Waits so long, at one side. */
  sleep(side: Side, milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.agenda.after(milliseconds, side, resolve));
  }

  /** Waits until it is woken by what `wake` is handed over to, or because the run is over. */
  park(wake: (wake: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const woken = () => {
        this.#parked.delete(woken);
        resolve();
      };
      this.#parked.add(woken);
      wake(woken);
    });
  }

  wakeAll(): void {
    for (const wake of [...this.#parked]) wake();
  }

  note(what: () => string): void {
    this.trace?.push(`${this.agenda.now.toFixed(2).padStart(10)}  ${what()}`);
  }

  /** A promise was broken. Nothing is thrown: handlers' throws are swallowed by what is under test. */
  broke(what: string): void {
    this.note(() => `BROKEN ${what}`);
    this.broken ??= what;
  }
}
