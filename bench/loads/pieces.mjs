// Long enough that opening and ending a stream cost nothing beside its rows.
const PIECE_MS = 100;
const MOST_ROWS = 200_000;

// Found while warming up: a slow peer must not be at one stream for a minute.
let rows = 1000;

/**
 * One stream after the other until the time is up, and the last to its end: half a stream leaves work uncounted. Or
 * one with `times` rows, for who counts what a row takes.
 */
export async function pieces({ seconds, times }, stream) {
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  let now = start;
  do {
    const began = now;
    const count = times ?? rows;
    await stream(count);
    now = performance.now();
    done += count;
    if (now - began < PIECE_MS && rows < MOST_ROWS) rows *= 2;
  } while (!times && now < end);
  return { done, elapsed: (now - start) / 1000 };
}
