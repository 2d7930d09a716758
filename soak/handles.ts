/** What is done at once, and does not stay. */
const PASSING = /Immediate|Req|(Write|Connect|Shutdown)Wrap$/;

/** How many of the resources that Node tells of stay: sockets, servers, timers. */
export function handles(resources: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const [kind, count] of Object.entries(resources)) if (!PASSING.test(kind)) sum += count;
  return sum;
}
