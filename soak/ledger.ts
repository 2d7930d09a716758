/** What a ledger tells. Plain, because it crosses from process to process. */
export interface LedgerReport {
  readonly begun: number;
  readonly settled: number;
  /** How often each kind of call came to each outcome: `echo ok`, `hang CANCELLED/unknown`. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** How often calls failed for each reason that is nobody's fault here, in words without their numbers. */
  readonly reasons: Readonly<Record<string, number>>;
  /** How long after its deadline the latest call settled, in milliseconds. */
  readonly latest: number;
  /** What must not have been; the first ones, in words. */
  readonly faults: readonly string[];
  readonly faultCount: number;
}

/** One call, from when it is made to when it settles. */
export interface Entry {
  /** The call has settled, in so many words; `reason`: and that is why. */
  settle(outcome: string, reason?: string): void;
}

interface Open {
  readonly kind: string;
  readonly due: number;
}

/** More would say no more. */
const MOST_FAULTS = 20;

/** More than that many texts are counted as one, so that what counts does not grow itself. */
const MOST_TEXTS = 500;

/** How long after its deadline a call may settle, in milliseconds of a process that runs. */
const MARGIN = 5000;

/** Keeps account of calls: each settles once, within its deadline, and with an outcome that may be. */
export class Ledger {
  readonly #now: () => number;
  readonly #open = new Map<number, Open>();
  readonly #outcomes = new Map<string, number>();
  readonly #reasons = new Map<string, number>();
  readonly #faults: string[] = [];
  #faultCount = 0;
  #begun = 0;
  #settled = 0;
  #latest = 0;

  /** `now`: milliseconds of a clock that stands while the process does. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many calls have not settled. */
  get open(): number {
    return this.#open.size;
  }

  /** A call is made, which has so many milliseconds. `expected`: whether it may have an outcome. */
  begin(kind: string, deadline: number, expected: (outcome: string) => boolean): Entry {
    const id = this.#begun++;
    const due = this.#now() + deadline;
    this.#open.set(id, { kind, due });
    return {
      settle: (outcome, reason) => {
        if (!this.#open.delete(id)) return this.fault(`${kind} settled twice, then with ${outcome}`);
        this.#settled++;
        const name = `${kind} ${outcome}`;
        count(this.#outcomes, name);
        if (reason !== undefined) count(this.#reasons, common(reason));
        const late = this.#now() - due;
        this.#latest = Math.max(this.#latest, late);
        if (late > MARGIN) this.fault(`${kind} settled ${Math.round(late)} ms after its deadline, with ${outcome}`);
        if (!expected(outcome)) this.fault(`${kind} came to ${outcome}${reason === undefined ? '' : `: ${reason}`}`);
      },
    };
  }

  /** Something is not as it must be. */
  fault(what: string): void {
    this.#faultCount++;
    if (this.#faults.length < MOST_FAULTS) this.#faults.push(what);
  }

  /** What there is to tell. A call that should have settled long ago is a fault. */
  report(): LedgerReport {
    for (const [id, { kind, due }] of this.#open) {
      if (this.#now() - due <= MARGIN) continue;
      this.#open.delete(id);
      this.fault(`${kind} has not settled ${MARGIN} ms after its deadline`);
    }
    return {
      begun: this.#begun,
      settled: this.#settled,
      outcomes: Object.fromEntries(this.#outcomes),
      reasons: Object.fromEntries(this.#reasons),
      latest: this.#latest,
      faults: [...this.#faults],
      faultCount: this.#faultCount,
    };
  }
}

/** A text without what is different in each run, and not too long. */
export function common(text: string): string {
  return text
    .replace(/\S*\/nearcall-soak-[^/]+\//g, '')
    .replace(/0x[\da-f]+|\d+/g, '#')
    .slice(0, 200);
}

/** Counts a text, unless it is one of too many. */
export function count(counts: Map<string, number>, text: string): void {
  const key = counts.size < MOST_TEXTS || counts.has(text) ? text : 'others';
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
