/** V8 takes new space page by page, and no two of these arrays without items fit one. */
const PAGE = 256 * 1024;
const PIECE = PAGE / 2;
const ITEMS = PIECE / 8 - 16;

/** Where each piece is put for a moment: V8 makes none of what nobody could see. */
export const filling: { piece: unknown[] | undefined } = { piece: undefined };

/** What a piece takes of new space: a page up to Node 22, for the rest of it is left as it is. From 24 on V8 uses that. */
let taken = PAGE;

/**
 * Has V8 collect the young part of the heap, by filling what is left of it with garbage: some 25 µs a MiB, 45 where all of a
 * page is used, and 90 with texts. A program may ask V8 for it only where it was started with `--expose-gc`. To change that
 * flag while it runs ends the process of some that embed Node, and makes V8 refuse cached code meanwhile.
 */
export function scavenge(): void {
  const room = youngRoom();
  fill(room);
  if (taken === PIECE) return;
  const left = youngRoom();
  if (left > 0.75 * room) return;
  taken = PIECE;
  fill(left);
}

function fill(room: number): void {
  for (let left = room; left >= -taken; left -= taken) {
    filling.piece = new Array(ITEMS);
    // Nobody holds what comes of this: the last one would be copied, and the young part grow by and by.
    filling.piece = undefined;
  }
}

/** How many bytes are left of the young part. */
function youngRoom(): number {
  const spaces = process.getBuiltinModule('node:v8').getHeapSpaceStatistics();
  return spaces.find((space) => space.space_name === 'new_space')?.space_available_size ?? Number.NEGATIVE_INFINITY;
}

/** Returns what tells, from the next turn of the event loop on, whether the whole heap was collected since. */
export function sinceNow(): () => boolean {
  // V8 makes symbols in its old space. Some versions let go of what is young when that alone is collected.
  const mark = new WeakRef(Symbol());
  return () => mark.deref() === undefined;
}
