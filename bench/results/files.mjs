import { readFileSync } from 'node:fs';
import { figuresOf } from './figures.mjs';
import { readMachine } from './machine.mjs';

/** What the files hold: rows of one run each, and how costs grow, in any order. The machine is that of the last run. */
export function readFiles(paths) {
  const runs = [];
  let scaling;
  let machine;
  for (const path of paths) {
    const held = JSON.parse(readFileSync(path, 'utf8'));
    if (Array.isArray(held)) {
      runs.push(held);
      machine = readMachine(path) ?? machine;
    } else if (Array.isArray(held.charts)) {
      scaling = held;
    } else {
      throw new Error(`${path} holds neither rows nor charts`);
    }
  }
  if (runs.length === 0) throw new Error('none of the files holds rows');
  return { figures: figuresOf(runs), machine, scaling };
}
