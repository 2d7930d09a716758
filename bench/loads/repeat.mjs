/** Does a piece of work until the time is up, and the last piece to its end, for half a piece leaves work uncounted. */
export async function repeat(seconds, piece) {
  const start = performance.now();
  const end = start + seconds * 1000;
  let done = 0;
  do done += await piece();
  while (performance.now() < end);
  return { done, elapsed: (performance.now() - start) / 1000 };
}
