/** What must hold of a whole run. Each check says what is broken, or nothing. */
import type { Side } from './agenda.ts';
import { CALL_CHECKS } from './call-checks.ts';
import type { CallRecord } from './call-record.ts';
import { takesASlot, waitsForGood } from './waiting.ts';
import type { World } from './world.ts';

type Check = (world: World) => string | undefined;
export type Checks = { readonly [name: string]: Check };

/** After each step. */
export const ALWAYS: Checks = { lossIsTold, workHoldsTheProcess };

/** When nothing more can happen and nobody has closed the connection yet. */
export const WHEN_IDLE: Checks = {
  onlyEndlessCallsWait,
  bothSidesHearOfTheEnd,
  servingCounts,
  leavingIsHeard,
  eventsArrive,
  idleLetsTheProcessGo,
};

/** When the connection has been closed and nothing more can happen. */
export const IN_THE_END: Checks = { ...CALL_CHECKS, nothingIsLeft, budgetsAreGivenBack, readySettles, closedFulfils };

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

/** How many handlers run at a side, those of events too. */
function running({ records }: World, side: Side): number {
  return records.filter((record) => record.callee === side && record.running).length;
}

/** A call may wait for ever only for what somebody does who lets it wait. */
function onlyEndlessCallsWait(world: World): string | undefined {
  // What a muted side says is lost, and nobody can know.
  if (muted(world)) return undefined;
  for (const record of world.records) {
    if (!record.made || record.settled) continue;
    const reads = record.down?.readerParked !== true;
    if (reads && record.expiresAt !== Number.POSITIVE_INFINITY) return `${record.label} outlived its deadline`;
    if (!waitsForGood(world, record)) return `${record.label} waits for nothing`;
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

/** A slot is taken for each handler that runs or whose items wait to be read, and for no other call. */
function servingCounts(world: World): string | undefined {
  if (muted(world)) return undefined;
  for (const { side, peer, end } of world.parties) {
    const calls = world.records.filter((record) => record.callee === side && !record.isEvent);
    const least = calls.filter(({ surelyRuns }) => surelyRuns).length;
    const most = calls.filter(takesASlot).length;
    const serving = peer?.serving ?? 0;
    const right = end.closed ? serving === 0 : serving >= least && serving <= most;
    if (!right) return `side ${side} says it serves ${serving} calls, and ${least} to ${most} are open`;
  }
  return undefined;
}

/** Whoever is still at work for a call that is over, or makes items that nobody reads, has been told of it. */
function leavingIsHeard(world: World): string | undefined {
  if (muted(world)) return undefined;
  for (const record of world.records) {
    // It may wait for the stream of a call that it has not opened itself.
    const waits = record.plan.awaits && record.children.some(unread);
    if (record.settled && record.surelyRuns && !record.isEvent && !waits)
      return `the handler of ${record.label} runs for nobody`;
    const left = [record.up, record.down].find((track) => track?.unheard === true);
    if (left !== undefined) return `the ${left.label} goes on, and its reader has left`;
  }
  return undefined;
}

/** A stream that was never opened, or is not read any more. */
function unread({ settled, made, down }: CallRecord): boolean {
  return !settled && (!made || down?.readerParked === true);
}

/** An event that has left comes, where nothing befalls the connection. */
function eventsArrive({ records, parties, disturbed }: World): string | undefined {
  if (disturbed) return undefined;
  for (const { isEvent, ok, starts, plan, callee, label } of records) {
    if (isEvent && ok && starts === 0 && plan.flaw === 'none' && parties[callee].serves) return `${label} never came`;
  }
  return undefined;
}

function idleLetsTheProcessGo(world: World): string | undefined {
  for (const { side, peer, end, closing } of world.parties) {
    if (peer === undefined || end.closed || closing || peer.pending > 0 || !end.held) continue;
    if (!world.records.some((record) => record.callee === side && takesASlot(record))) {
      return `side ${side} is idle, and holds its transport`;
    }
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

function budgetsAreGivenBack({ parties }: World): string | undefined {
  for (const { side, budgets } of parties) {
    for (const [name, { used }] of Object.entries(budgets)) {
      if (used !== 0) return `${used} of the budget "${name}" of side ${side} were never given back`;
    }
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
