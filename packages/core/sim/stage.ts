import { Agenda } from './agenda.ts';
import type { Random } from './random.ts';

/** What everything in a run shares: chance, time, and a place to say what broke. */
export class Stage {
  readonly random: Random;
  readonly agenda: Agenda;
  /** What happened, line by line, where somebody wants to read it. */
  readonly trace: string[] | undefined;
  /** The first promise that was broken. */
  broken: string | undefined = undefined;

  constructor(random: Random, strict: boolean, traced: boolean) {
    this.random = random;
    this.agenda = new Agenda(random, strict);
    this.trace = traced ? [] : undefined;
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
