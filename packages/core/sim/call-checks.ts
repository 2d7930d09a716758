/** What must hold in the end of all calls, events and streams of a run. Each check says what is broken, or nothing. */
import { getEventListeners } from 'node:events';
import { RpcError } from '../src/error/rpc-error.ts';
import type { CallRecord } from './call-record.ts';
import type { Checks } from './checks.ts';
import type { Track } from './track.ts';
import type { World } from './world.ts';

export const CALL_CHECKS: Checks = {
  everyCallSettles,
  handlersReturn,
  executionIsTrue,
  pingsAreCounted,
  errorsAreReported,
  nestedNeverWaits,
  earlyOnesKeepTheirOrder,
  producersAreTold,
  inputsAreLetGo,
  noListenersStay,
};

function everyCallSettles({ records }: World): string | undefined {
  const open = records.find(({ made, settlements }) => settlements !== 1 && (made || settlements > 0));
  return open === undefined ? undefined : `${open.label} has settled ${open.settlements} times`;
}

/** Those that wait for their signal return when it aborts; so each signal that anybody waited for has aborted. */
function handlersReturn({ records }: World): string | undefined {
  const running = records.find((record) => record.running);
  return running === undefined ? undefined : `the handler of ${running.label} was never told that nobody waits`;
}

function executionIsTrue({ records }: World): string | undefined {
  for (const { starts, error, label } of records) {
    if (!(error instanceof RpcError) || error.execution === 'unknown' || starts === 0) continue;
    return `${label} was said to be ${error.execution}, and its handler ran: ${error.code}: ${error.message}`;
  }
  return undefined;
}

/** Pings carry nothing by which to know them: only their number can be checked. */
function pingsAreCounted({ records, handling: { pings } }: World): string | undefined {
  for (const side of [0, 1] as const) {
    const mine = records.filter(({ plan }) => plan.side === side && plan.method === 'ping' && plan.flaw === 'none');
    const must = mine.filter(({ ok }) => ok).length;
    const may = mine.filter(({ ok, error }) => ok || (error instanceof RpcError && error.execution === 'unknown'));
    const ran = pings[side];
    if (ran < must || ran > may.length) return `${ran} pings ran, of ${must} to ${may.length} that may have`;
  }
  return undefined;
}

function errorsAreReported({ records }: World): string | undefined {
  for (const { plan, error, reports, label, isEvent, returns } of records) {
    if (reports > 1) return `what the handler of ${label} threw was reported ${reports} times`;
    const told = error instanceof RpcError && error.code === 'INTERNAL' && error.execution === 'unknown';
    const thrown = isEvent ? plan.result !== 'right' && returns > 0 : plan.result === 'plain' && told;
    if (thrown && reports === 0) return `what the handler of ${label} threw was not reported`;
  }
  return undefined;
}

/** What one waits for might wait for the other. */
function nestedNeverWaits({ records }: World): string | undefined {
  const waited = records.find(({ mustFail, madeStep, settledStep }) => mustFail && settledStep !== madeStep);
  return waited === undefined ? undefined : `${waited.label} waited for a slot`;
}

/** What was made before the connection was open leaves in that order, where all of it can leave at once. */
function earlyOnesKeepTheirOrder({ records, parties, plan }: World): string | undefined {
  for (const { side, openedAt } of parties) {
    const { calls, chunk, events } = plan.limits[side === 0 ? 1 : 0];
    const early = records.filter((record) => record.plan.side === side && record.made && record.madeAt <= openedAt);
    const told = early.filter(({ isEvent }) => isEvent);
    const cost = told.reduce((sum, { plan: { input } }) => sum + sizeOf(input), 0);
    if (early.length - told.length > calls || cost > Math.min(events, chunk)) continue;
    const came = early.filter(({ place, plan: { input } }) => place >= 0 && sizeOf(input) < chunk);
    came.sort((a, b) => a.order - b.order);
    const late = came.find(({ place }, i) => i > 0 && place < (came[i - 1] as CallRecord).place);
    if (late !== undefined) return `${late.label} overtook one that was made before it`;
  }
  return undefined;
}

/** More bytes than an input takes, with all that goes along with it. */
function sizeOf(input: unknown): number {
  if (input instanceof Uint8Array) return input.length + 100;
  if (typeof input === 'string') return input.length * 3 + 100;
  const { title = '', line = '' } = (input ?? {}) as { readonly title?: string; readonly line?: string };
  return (String(title).length + String(line).length) * 3 + 500;
}

/** Whoever makes items learns that nobody wants them; unless it has ended by itself. */
function producersAreTold({ records }: World): string | undefined {
  for (const track of tracksOf(records)) {
    const { opened, ended, returns, plan, label } = track;
    const hears = !plan.producer.style.endsWith('bare') && plan.producer.style !== 'array';
    if (!hears || opened === 0 || ended === 'done' || ended === 'threw' || returns === 1) continue;
    return `the ${label} was told ${returns} times to stop`;
  }
  return undefined;
}

/** Whatever became of a call, the input that was handed over with it was drawn from, or let go. */
function inputsAreLetGo({ records }: World): string | undefined {
  for (const { up, made, plan, label } of records) {
    if (up === undefined || !made || up.opened > 0 || up.plan.producer.style === 'array') continue;
    if (plan.flaw !== 'no stream') return `the input of ${label} was never let go`;
  }
  return undefined;
}

function noListenersStay({ records }: World): string | undefined {
  for (const { controller, signal, label } of records) {
    const left = controller === undefined ? 0 : getEventListeners(controller.signal, 'abort').length;
    if (left > 0) return `${left} listeners stay on the signal of ${label}`;
    // Of its own a handler has taken some, each for one abort.
    if (signal?.aborted === true && getEventListeners(signal, 'abort').length > 0) {
      return `listeners stay on the signal of the handler of ${label}`;
    }
  }
  return undefined;
}

function tracksOf(records: readonly CallRecord[]): Track[] {
  return records.flatMap(({ up, down }) => [up, down].filter((track) => track !== undefined));
}
