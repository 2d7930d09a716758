import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { messageMemory } from './message-memory.ts';

const MIB = 1024 * 1024;
const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };

test.skipIf(header.glibcVersionRuntime === undefined)(
  'memory of messages that are gone serves the next ones',
  async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    /** How many pages are new to the process while messages come, of 7,680 that they have. */
    const faults = async (): Promise<number> => {
      const before = process.resourceUsage().minorPageFault;
      for (let i = 0; i < 30; i++) messageMemory(MIB).fill(1);
      const after = process.resourceUsage().minorPageFault;
      collect();
      // What is garbage is freed beside the program.
      await new Promise((resolve) => setTimeout(resolve, 100));
      return after - before;
    };
    for (let i = 0; i < 3; i++) await faults();
    expect(await faults()).toBeLessThan(2000);
  },
);
