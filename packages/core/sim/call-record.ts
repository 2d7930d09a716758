import { DEFAULT_DEADLINE } from '../src/contract/call-options.ts';
import { KIND, type Kind } from '../src/contract/kind.ts';
import { namedMethod } from '../src/contract/service.ts';
import type { Side } from './agenda.ts';
import type { CallPlan } from './call-plan.ts';
import { sim } from './contract.ts';
import type { Track } from './track.ts';

/** What has become of one call or event, at both ends. */
export class CallRecord {
  readonly plan: CallPlan;
  readonly controller: AbortController | undefined;
  /** The call whose handler made this one. */
  readonly parent: CallRecord | undefined;
  /** The calls that its handler makes. */
  readonly children: CallRecord[] = [];
  /** Its streams. */
  up: Track | undefined = undefined;
  down: Track | undefined = undefined;
  /** When it was made, and when its deadline passes. */
  madeAt = -1;
  madeStep = -1;
  expiresAt = Number.POSITIVE_INFINITY;
  /** The milliseconds that were left for its parent when it was made. */
  atMost = Number.POSITIVE_INFINITY;
  /** Its place among all calls made. */
  order = -1;
  settlements = 0;
  settledAt = -1;
  settledStep = -1;
  ok = false;
  value: unknown = undefined;
  error: unknown = undefined;
  /** When its caller gave it up, in whatever way, and in which step. */
  abortedAt = Number.POSITIVE_INFINITY;
  abortedStep = Number.POSITIVE_INFINITY;
  /** Whether as many calls as may be were open when it was made: maybe, and for certain. */
  crowded = false;
  mustFail = false;
  /** Whether as many calls ran where it came as may. */
  rejectable = false;
  /** Whether its request was seen to leave. */
  wentOut = false;
  /** In which step its request came whole. */
  cameStep = -1;
  /** Its place among all that came whole to its side. */
  place = -1;
  /** How often its handler was started, and how often it has returned. */
  starts = 0;
  returns = 0;
  /** Whether what it returned was a stream. */
  streams = false;
  /** Whether it waits for its signal, and for nothing else. */
  parked = false;
  /** What the handler got when it read its input, and threw again. */
  rethrown: unknown = undefined;
  /** How often its handler's error was reported at the serving end. */
  reports = 0;
  signal: AbortSignal | undefined = undefined;
  #settle!: () => void;
  /** Fulfils when it has settled. */
  readonly over: Promise<void>;

  constructor(plan: CallPlan, parent: CallRecord | undefined) {
    this.plan = plan;
    this.parent = parent;
    this.controller = plan.abort === 'never' ? undefined : new AbortController();
    this.over = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get kind(): Kind {
    return namedMethod(sim, this.plan.method).kind;
  }

  get callee(): Side {
    return this.plan.side === 0 ? 1 : 0;
  }

  get made(): boolean {
    return this.order >= 0;
  }

  get settled(): boolean {
    return this.settlements > 0;
  }

  get isEvent(): boolean {
    return this.kind === KIND.event;
  }

  /** In how many calls it is nested. */
  get nesting(): number {
    // Events stand outside of all calls, and so do the calls that their handlers make.
    if (this.parent === undefined) return 0;
    return this.parent.isEvent ? 1 : this.parent.nesting + 1;
  }

  /** The deadline that holds for it. */
  get deadline(): number {
    return Math.min(this.#ownDeadline, this.atMost);
  }

  get #ownDeadline(): number {
    const { method, flaw, deadline } = this.plan;
    if (deadline !== undefined) return Number.isNaN(deadline) ? Number.POSITIVE_INFINITY : deadline;
    const fallback = this.kind === KIND.unary || this.kind === KIND.event ? DEFAULT_DEADLINE : Number.POSITIVE_INFINITY;
    return flaw === 'missing' ? fallback : (namedMethod(sim, method).deadline ?? fallback);
  }

  /** Whether its handler runs: a stream's does until its producer is over. */
  get running(): boolean {
    if (this.starts > this.returns) return true;
    return this.streams && this.down?.producing === true && !(this.settled && this.down.idle);
  }

  /** Whether a call that this one is nested in has come to its deadline. */
  parentExpired(now: number): boolean {
    const { parent } = this;
    return parent !== undefined && (parent.expiresAt <= now || parent.parentExpired(now));
  }

  /** The same, leaving out those whose producer cannot be told to stop, and may have been left. */
  get surelyRuns(): boolean {
    return this.running && !(this.starts === this.returns && this.down?.idle === true);
  }

  /** The same, with all whose producer nobody sees coming to its end: where it is an array, or cannot be told to stop. */
  get mayRun(): boolean {
    if (this.running) return true;
    return this.streams && (this.down?.producing === true || this.down?.plan.producer.style === 'array');
  }

  begin(now: number, step: number, order: number): void {
    this.madeAt = now;
    this.madeStep = step;
    this.order = order;
    this.expiresAt = now + this.deadline;
  }

  settle(now: number, step: number, ok: boolean, outcome: unknown): void {
    this.settlements++;
    this.settledAt = now;
    this.settledStep = step;
    this.ok = ok;
    if (ok) this.value = outcome;
    else this.error = outcome;
    this.#settle();
  }

  /** Its caller wants no more of it. */
  giveUp(now: number, step: number): void {
    this.abortedAt = Math.min(this.abortedAt, now);
    this.abortedStep = Math.min(this.abortedStep, step);
  }

  get label(): string {
    const { token, side, method, flaw, result } = this.plan;
    const within = this.parent === undefined ? '' : `, in #${this.parent.plan.token}`;
    return `call #${token} of side ${side} (${method}, ${flaw === 'none' ? result : flaw}${within})`;
  }
}
