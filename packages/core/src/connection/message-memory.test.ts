import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'vitest';
import { messageMemory } from './message-memory.ts';

const MIB = 1024 * 1024;
const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };

/** How many pages are new to the process while messages come that have 7,680 of them. */
function faults(): number {
  const before = process.resourceUsage().minorPageFault;
  for (let i = 0; i < 30; i++) messageMemory(MIB).fill(1);
  return process.resourceUsage().minorPageFault - before;
}

test.skipIf(header.glibcVersionRuntime === undefined)(
  'memory of messages that are gone serves the next ones',
  async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // What is garbage is freed beside the program, in its own time; and by chance one round may do with little.
    for (let inARow = 0; inARow < 10; inARow = faults() < 2000 ? inARow + 1 : 0) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
);
