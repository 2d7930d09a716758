/** What must hold of a whole run when nothing more can happen. Each check says what is broken, or nothing. */
import { getEventListeners } from 'node:events';
import { RpcError } from '../src/error/rpc-error.ts';
import type { Side } from './agenda.ts';
import type { World } from './world.ts';

type Check = (world: World) => string | undefined;
type Checks = { readonly [name: string]: Check };

/** After each step. */
export const ALWAYS: Checks = { lossIsTold, workHoldsTheProcess };

/** When nothing more can happen and nobody has closed the connection yet. */
export const WHEN_IDLE: Checks = {
  onlyEndlessCallsWait,
  bothSidesHearOfTheEnd,
  servingCounts,
  idleLetsTheProcessGo,
};

/** When the connection has been closed and nothing more can happen. */
export const IN_THE_END: Checks = {
  everyCallSettles,
  handlersReturn,
  executionIsTrue,
  pingsAreCounted,
  errorsAreReported,
  nothingIsLeft,
  readySettles,
  closedFulfils,
  noListenersStay,
};

export function check(world: World, checks: Checks): void {
  for (const [name, find] of Object.entries(checks)) {
    const wrong = find(world);
    if (wrong !== undefined) world.stage.broke(`${name}: ${wrong}`);
  }
}

function muted(world: World): boolean {
  return world.plan.disturbances.some(({ kind }) => kind === 'mute');
}

function lossIsTold({ parties }: World): string | undefined {
  for (const { side, closedAt, peer } of parties) {
    if (closedAt === Number.POSITIVE_INFINITY || peer === undefined || peer.pending === 0) continue;
    return `side ${side} has calls pending on a connection that is over`;
  }
  return undefined;
}

/** Whoever waits for a call, or for the end, would wait in vain in a process that has gone. */
function workHoldsTheProcess({ parties }: World): string | undefined {
  for (const { side, peer, end, closing } of parties) {
    if (peer === undefined || end.closed || end.held || !(closing || peer.pending > 0)) continue;
    return `side ${side} ${closing ? 'is closing' : 'has pending calls'}, and does not hold its transport`;
  }
  return undefined;
}

/** How many handlers run at a side. */
function running({ records }: World, side: Side): number {
  return records.filter(({ plan, starts, returns }) => plan.side !== side && starts > returns).length;
}

/** A call may wait for ever only for a handler that does, or for its slot. */
function onlyEndlessCallsWait(world: World): string | undefined {
  // What a muted side says is lost, and nobody can know.
  if (muted(world)) return undefined;
  for (const record of world.records) {
    if (record.settled) continue;
    if (record.expiresAt !== Number.POSITIVE_INFINITY) return `${record.label} outlived its deadline`;
    if (record.starts > record.returns) continue;
    const callee = record.plan.side === 0 ? 1 : 0;
    if (record.starts > 0 || running(world, callee) < world.plan.limits[callee].calls)
      return `${record.label} waits for nothing`;
  }
  return undefined;
}

function bothSidesHearOfTheEnd(world: World): string | undefined {
  const [near, far] = world.parties;
  if (near.end.closed === far.end.closed) return undefined;
  const [over, open] = near.end.closed ? [near, far] : [far, near];
  // A muted side may wait for answers as long as it likes, and cannot say that it does no more.
  if (muted(world) && running(world, open.side) > 0) return undefined;
  return `side ${over.side} is closed, and the other side knows nothing of it`;
}

/** A slot is taken for each handler that runs, and for no other call. */
function servingCounts(world: World): string | undefined {
  if (muted(world)) return undefined;
  for (const { side, peer, end } of world.parties) {
    const count = end.closed ? 0 : running(world, side);
    if (peer?.serving !== count) return `side ${side} says it serves ${peer?.serving} calls, and ${count} run`;
  }
  return undefined;
}

function idleLetsTheProcessGo(world: World): string | undefined {
  for (const { side, peer, end, closing } of world.parties) {
    if (peer === undefined || end.closed || closing || peer.pending > 0 || !end.held) continue;
    if (running(world, side) > 0) continue;
    return `side ${side} is idle, and holds its transport`;
  }
  return undefined;
}

function everyCallSettles({ records }: World): string | undefined {
  const open = records.find(({ settlements }) => settlements !== 1);
  return open === undefined ? undefined : `${open.label} has settled ${open.settlements} times`;
}

/** Those that wait for their signal return when it aborts; so each signal that anybody waited for has aborted. */
function handlersReturn({ records }: World): string | undefined {
  const running = records.find(({ starts, returns }) => starts > returns);
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
function pingsAreCounted({ records, pings }: World): string | undefined {
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
  for (const { plan, error, reports, label } of records) {
    if (reports > 1) return `what the handler of ${label} threw was reported ${reports} times`;
    const told = error instanceof RpcError && error.code === 'INTERNAL';
    if (plan.result === 'plain' && told && reports === 0) return `what the handler of ${label} threw was not reported`;
  }
  return undefined;
}

function nothingIsLeft({ parties }: World): string | undefined {
  for (const { side, peer } of parties) {
    if (peer?.pending !== 0) return `side ${side} has ${peer?.pending} calls pending`;
    if (peer.serving !== 0) return `side ${side} serves ${peer.serving} calls`;
  }
  return undefined;
}

function readySettles({ parties }: World): string | undefined {
  const waiting = parties.find(({ readyAt }) => readyAt === Number.POSITIVE_INFINITY);
  return waiting === undefined ? undefined : `"ready" of side ${waiting.side} never settled`;
}

function closedFulfils({ parties }: World): string | undefined {
  const open = parties.find(({ closedAt }) => closedAt === Number.POSITIVE_INFINITY);
  return open === undefined ? undefined : `"closed" of side ${open.side} was never fulfilled`;
}

function noListenersStay({ records }: World): string | undefined {
  for (const { controller, label } of records) {
    const left = controller === undefined ? 0 : getEventListeners(controller.signal, 'abort').length;
    if (left > 0) return `${left} listeners stay on the signal of ${label}`;
  }
  return undefined;
}
