import { bytes, text } from './material.ts';
import type { Form, TrackPlan } from './track-plan.ts';

/** What an item costs of its stream's credit besides its bytes. */
const ITEM_COST = 64;

function formOf({ producer }: TrackPlan, index: number): Form {
  return producer.forms[index % producer.forms.length] as Form;
}

/** What is to be made for the place in a stream. Any two items of a run differ, but for those that are nothing. */
export function itemAt(plan: TrackPlan, index: number): unknown {
  const { kind, size } = formOf(plan, index);
  const mark = plan.token * 1000 + index * 2 + (plan.way === 'up' ? 0 : 1);
  switch (kind) {
    case 'text':
      return text(mark, size);
    case 'bytes':
      return bytes(mark, size);
    case 'object':
      return { at: index, text: text(mark, size) };
    case 'nothing':
      return undefined;
  }
}

/** What an item that was made so costs of its stream's credit. */
export function costOf(item: unknown): number {
  if (item === undefined) return ITEM_COST + 3;
  if (item instanceof Uint8Array) return ITEM_COST + item.length;
  if (typeof item === 'string') return ITEM_COST + textSize(item);
  const { at, text: long } = item as { at: number; text: string };
  return ITEM_COST + 1 + 3 + (at < 128 ? 1 : at < 256 ? 2 : 3) + 5 + textSize(long);
}

/** The bytes of an ASCII text in msgpack. */
function textSize({ length }: string): number {
  return length + (length < 32 ? 1 : length < 256 ? 2 : length < 65_536 ? 3 : 5);
}
