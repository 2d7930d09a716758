/** The longest step of a clock that stands while its process does, in milliseconds. */
const STEP = 200;

/**
 * A clock in milliseconds that stands while this process is stopped: what was due meanwhile is late through nobody's
 * fault. It does not keep the process running.
 */
export function awakeClock(): () => number {
  let awake = 0;
  let last = performance.now();
  const now = (): number => {
    const time = performance.now();
    awake += Math.min(STEP, time - last);
    last = time;
    return awake;
  };
  setInterval(now, STEP / 4).unref();
  return now;
}
