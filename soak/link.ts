import { type Connected, connect } from '@nearcall/client';
import { health, type Implementation, RpcError } from '@nearcall/core';
import { version2, work } from './contract.ts';
import type { Ledger } from './ledger.ts';

/** The deadline of calls that are to come to their end, in milliseconds: longer than anything is held up. */
export const DEADLINE = 20_000;

const contract = { work, versions: version2, health };

/** How calls leave a process. Plain, because a process is told. */
export interface LinkPlan {
  readonly name: string;
  readonly addresses: readonly string[];
  /** Whether nothing ever happens to it: then no call may be lost. */
  readonly strict: boolean;
  /** Whether a proxy stands in between, which lets one side hear of an end that the other knows nothing of. */
  readonly halfClosed?: boolean;
  readonly waitForReady: boolean;
  /** Whether what runs at its other end can be asked for at the server that lives. */
  readonly remembered: boolean;
  /** How many deeds are done over it at once. */
  readonly workers: number;
}

/** A client, and what calls over it may come to. */
export class Link {
  readonly plan: LinkPlan;
  readonly client: Connected<typeof contract>;
  readonly #ledger: Ledger;

  constructor(plan: LinkPlan, ledger: Ledger, implementation: Implementation, onError: (error: unknown) => void) {
    this.plan = plan;
    this.#ledger = ledger;
    this.client = connect(plan.addresses, contract, {
      waitForReady: plan.waitForReady,
      handshake: DEADLINE,
      implementations: implementation,
      // A server that is killed is soon back.
      backoff: { initial: 100, max: 1000 },
      onError,
    });
  }

  /**
   * Makes a call, and keeps account of it. `action` gives what was wrong with its answer. `wanted`: what it may come to,
   * `ok` or an error's code. Returns what it came to.
   */
  async call(
    kind: string,
    deadline: number,
    wanted: readonly string[],
    action: () => Promise<boolean>,
  ): Promise<string> {
    const mayBe = (outcome: string): boolean => {
      if (wanted.some((one) => one === outcome || outcome.startsWith(`${one}/`))) return true;
      if (this.plan.strict) return false;
      const [code = ''] = outcome.split('/');
      // Where an attempt before was lost, an error does not say any more that nothing has run.
      return LOST.includes(code) || wanted.some((one) => one.startsWith(`${code}/`) && outcome === `${code}/unknown`);
    };
    const entry = this.#ledger.begin(kind, deadline, mayBe);
    let outcome: string;
    let reason: string | undefined;
    try {
      outcome = (await action()) ? 'ok' : 'a wrong answer';
    } catch (error) {
      if (error instanceof RpcError) outcome = `${error.code}/${error.execution}`;
      else outcome = `what is no RpcError: ${error}`;
      if (!mayBe(outcome) || outcome.startsWith('UNAVAILABLE')) reason = `${error}`;
      this.#checkProtocol(`${error}`);
    }
    entry.settle(outcome, reason);
    return outcome;
  }

  /** Neither end is hostile: neither may break the protocol. */
  #checkProtocol(reason: string): void {
    if (!reason.includes('broke the protocol')) return;
    // Whoever has heard of the other side's end sends without account, and must not where that goes on.
    if (this.plan.halfClosed === true && reason.includes('for which there was no credit')) return;
    this.#ledger.fault(`${this.plan.name}: ${reason}`);
  }
}

/** What a call may come to, whatever it is, where connections are cut and processes killed or stopped. */
const LOST = ['UNAVAILABLE', 'DEADLINE_EXCEEDED'];
