import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const HERE = new URL('./', import.meta.url);

/** What `action` says in a process whose heap nobody else fills. */
function said(action: string): unknown {
  const script = `
    import { PerformanceObserver } from 'node:perf_hooks';
    const { scavenge, sinceNow } = await import('${new URL('scavenge.ts', HERE).href}');
    const collections = { young: 0, whole: 0 };
    const kinds = { 1: 'young', 4: 'whole' };
    new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) if (detail.kind in kinds) collections[kinds[detail.kind]]++;
    }).observe({ entryTypes: ['gc'] });
    const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
    gc();
    await turn();
    collections.whole = collections.young = 0;
    ${action}
  `;
  const args = ['--expose-gc', '--import', 'tsx', '--input-type=module', '--eval', script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: fileURLToPath(HERE), encoding: 'utf8' }));
}

test('what is young and garbage is freed, and nothing else is collected for it', () => {
  const { held, collections } = said(`
    const held = () => process.memoryUsage().arrayBuffers / 2 ** 20;
    const before = held();
    const most = [];
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 4; i++) Buffer.allocUnsafeSlow(2 ** 20);
      await turn();
      scavenge();
      await turn();
      most.push(held() - before);
    }
    console.log(JSON.stringify({ held: Math.max(...most), collections }));
  `) as { held: number; collections: { young: number; whole: number } };
  expect(held).toBeLessThan(4);
  // Once each. What else goes on in the process has it collected, too.
  expect(collections.young).toBeGreaterThanOrEqual(20);
  expect(collections.young).toBeLessThan(60);
  expect(collections.whole).toBeLessThan(5);
});

test('a collection of the whole heap is told from one of the young part', () => {
  const told = said(`
    const told = [];
    const happened = sinceNow();
    for (const collect of [scavenge, scavenge, scavenge, gc]) {
      await turn();
      collect();
      await turn();
      told.push(happened());
    }
    console.log(JSON.stringify(told));
  `);
  expect(told).toEqual([false, false, false, true]);
});
