// Long enough that opening and ending a stream cost nothing beside its rows.
const PIECE_MS = 100;
const MOST_ROWS = 200_000;

// Found while warming up: a slow peer must not be at one stream for a minute.
let rows = 1000;

/** One stream after the other until the time is up, and the last to its end: half a stream leaves work uncounted. */
export async function pieces(seconds, stream) {
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  let now = start;
  do {
    const began = now;
    await stream(rows);
    now = performance.now();
    done += rows;
    if (now - began < PIECE_MS && rows < MOST_ROWS) rows *= 2;
  } while (now < end);
  return { done, elapsed: (now - start) / 1000 };
}
