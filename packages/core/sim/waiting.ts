import type { CallRecord } from './call-record.ts';
import type { Track } from './track.ts';
import type { World } from './world.ts';

/** Whether a call that has not settled waits for something that may never come; not for what should have come. */
export function waitsForGood(world: World, record: CallRecord): boolean {
  const { plan, down, starts, returns } = record;
  if (down?.readerParked === true) return true;
  if (!record.made) return false;
  if (record.isEvent) return starts === 0 ? waitsForCredit(world, record) : handlerWaits(world, record);
  if (starts === 0) return waitsForASlot(world, record);
  if (starts > returns) return handlerWaits(world, record);
  if (!record.streams || down === undefined) return false;
  if (plan.echoes && record.up !== undefined && itemsWait(record.up)) return true;
  return down.makerParked;
}

/** Nothing has gone wrong with a handler that has not returned. */
function handlerWaits(world: World, { parked, up, plan, children }: CallRecord): boolean {
  if (parked) return true;
  if (plan.method === 'gather' && up !== undefined && itemsWait(up)) return true;
  return plan.awaits && children.some((child) => !child.settled && waitsForGood(world, child));
}

/** Nothing has gone wrong with a stream that does not go on. */
function itemsWait({ readerParked, readerAsks, makerParked }: Track): boolean {
  return readerParked || (readerAsks > 0 && makerParked);
}

/** The handler of another event holds credit for good. */
function waitsForCredit(world: World, { callee }: CallRecord): boolean {
  const events = world.records.filter((other) => other.isEvent && other.callee === callee && other.running);
  return events.some((other) => handlerWaits(world, other));
}

/** As many handlers run as calls may be open. Whoever is called back by a handler does not wait for that. */
function waitsForASlot(world: World, { parent, callee }: CallRecord): boolean {
  if (parent !== undefined) return false;
  const taken = world.records.filter((other) => other.callee === callee && !other.isEvent && takesASlot(other));
  return taken.length >= world.plan.limits[callee].calls;
}

/** A call keeps its slot while its handler runs, and while its items wait to be read. */
export function takesASlot(record: CallRecord): boolean {
  return record.running || (record.starts > 0 && !record.settled && record.down?.readerParked === true);
}
