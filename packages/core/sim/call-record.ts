import { DEFAULT_DEADLINE } from '../src/contract/call-options.ts';
import { namedMethod } from '../src/contract/service.ts';
import { sim } from './contract.ts';
import type { CallPlan } from './plan.ts';

/** What has become of one call, at both ends. */
export class CallRecord {
  readonly plan: CallPlan;
  readonly controller: AbortController | undefined;
  /** When it was made, and when its deadline passes. */
  madeAt = -1;
  expiresAt = Number.POSITIVE_INFINITY;
  /** Its place among all calls made. */
  order = -1;
  settlements = 0;
  settledAt = -1;
  settledStep = -1;
  ok = false;
  value: unknown = undefined;
  error: unknown = undefined;
  /** When its caller gave it up, and in which step. */
  abortedAt = Number.POSITIVE_INFINITY;
  abortedStep = Number.POSITIVE_INFINITY;
  /** How often its handler was started, and how often it has returned. */
  starts = 0;
  returns = 0;
  /** How often its handler's error was reported at the serving end. */
  reports = 0;
  signal: AbortSignal | undefined = undefined;

  constructor(plan: CallPlan) {
    this.plan = plan;
    this.controller = plan.abort === 'never' ? undefined : new AbortController();
  }

  get settled(): boolean {
    return this.settlements > 0;
  }

  /** The deadline that holds for it. */
  get deadline(): number {
    const { method, flaw, deadline } = this.plan;
    if (deadline !== undefined) return Number.isNaN(deadline) ? Number.POSITIVE_INFINITY : deadline;
    if (flaw === 'missing') return DEFAULT_DEADLINE;
    return namedMethod(sim, method).deadline ?? DEFAULT_DEADLINE;
  }

  made(now: number, order: number): void {
    this.madeAt = now;
    this.order = order;
    this.expiresAt = now + this.deadline;
  }

  get label(): string {
    const { token, side, method, flaw, result } = this.plan;
    return `call #${token} of side ${side} (${method}, ${flaw === 'none' ? result : flaw})`;
  }
}
