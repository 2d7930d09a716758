import { readFileSync } from 'node:fs';

const TICK = 10_000;

/**
 * CPU µs spent on the whole machine so far, by anyone, with what the host of a virtual machine took for others: both
 * keep a measurement from its CPUs.
 */
export function busyness() {
  const [line] = readFileSync('/proc/stat', 'latin1').split('\n', 1);
  const [user, nice, system, , , irq, softirq, steal] = line.trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) * TICK;
}
