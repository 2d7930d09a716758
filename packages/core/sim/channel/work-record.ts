import { DEFAULT_DEADLINE } from '../../src/contract/call-options.ts';
import { KIND, type Kind, streamsInput } from '../../src/contract/kind.ts';
import { namedMethod } from '../../src/contract/service.ts';
import { text } from '../material.ts';
import type { WorkPlan } from './channel-plan.ts';
import { work } from './contract.ts';

/** What has become of one call or event. */
export class WorkRecord {
  readonly plan: WorkPlan;
  readonly kind: Kind;
  readonly idempotent: boolean;
  /** What it sends, or what each of its items begins with. */
  readonly input: string;
  readonly controller: AbortController | undefined;
  made = false;
  expiresAt = Number.POSITIVE_INFINITY;
  abortedAt = Number.POSITIVE_INFINITY;
  settlements = 0;
  ok = false;
  value: unknown = undefined;
  error: unknown = undefined;
  /** The items that have come. */
  readonly items: string[] = [];
  /** How often its handler was started. */
  starts = 0;
  /** Whether its input was asked for an item. */
  drawn = false;

  constructor(plan: WorkPlan) {
    const method = namedMethod(work, plan.method);
    this.plan = plan;
    this.kind = method.kind;
    this.idempotent = method.idempotent;
    this.input = text(plan.token, plan.size);
    this.controller = plan.abort === undefined ? undefined : new AbortController();
  }

  get isEvent(): boolean {
    return this.kind === KIND.event;
  }

  /** Whether it sends a stream. */
  get sends(): boolean {
    return streamsInput(this.kind);
  }

  get deadline(): number {
    const whole = this.kind === KIND.unary || this.isEvent;
    return this.plan.deadline ?? (whole ? DEFAULT_DEADLINE : Number.POSITIVE_INFINITY);
  }

  /** Whether its reader has had all that it wanted. */
  get left(): boolean {
    return this.items.length >= this.plan.reads;
  }

  /** What its answer is to be. */
  get answer(): unknown {
    const { items, reads } = this.plan;
    if (this.isEvent) return undefined;
    if (this.kind === KIND.unary) return this.input.toUpperCase();
    if (this.kind === KIND.clientStream) return items;
    return Math.min(items, reads);
  }

  get label(): string {
    const { token, method, waits } = this.plan;
    return `#${token} (${method}${waits === undefined ? '' : waits ? ', waits' : ', does not wait'})`;
  }
}
