import { describe, expect, test } from 'vitest';
import { Pace, STEP } from './pace.ts';

const MIB = 1024 * 1024;

/**
 * A heap that is marked once 8 MiB have come that were not collected. `frees`: how much of what is young is garbage when that
 * is collected; what was not by then stays until the whole heap is collected.
 */
function heap(frees: () => number): { take(mib: number): void; scavenges: number; marked: number } {
  let young = 0;
  let old = 0;
  const own = {
    scavenges: 0,
    marked: 0,
    take(mib: number): void {
      for (let i = 0; i < mib; i++) {
        pace.take(MIB);
        young += MIB;
        if (young + old <= 8 * MIB) continue;
        own.marked++;
        young = 0;
        old = 0;
      }
    },
  };
  const pace = new Pace(
    () => {
      own.scavenges++;
      old += young * (1 - frees());
      young = 0;
    },
    () => {
      const before = own.marked;
      return () => own.marked > before;
    },
  );
  return own;
}

describe('what is young', () => {
  test('is collected where the whole heap was, and then that no more', () => {
    const one = heap(() => 1);
    one.take(40);
    const { marked } = one;
    expect(marked).toBeGreaterThan(1);
    one.take(200);
    expect(one.marked - marked).toBeLessThan(2);
    expect(one.scavenges).toBeGreaterThan(25);
  });

  test('is left alone where the whole heap is not collected often', () => {
    let collections = 0;
    let steps = 0;
    // Once in 80 MiB.
    const mark = (): (() => boolean) => {
      const before = steps;
      return () => Math.floor(steps / 20) > Math.floor(before / 20);
    };
    const pace = new Pace(() => collections++, mark);
    for (; steps < 1000; steps++) pace.take(STEP);
    expect(collections).toBe(0);
  });

  test('is left alone for longer and longer where that does not help', () => {
    const one = heap(() => 0);
    const share: number[] = [];
    for (let i = 0; i < 6; i++) {
      const { scavenges } = one;
      one.take(8000 * (STEP / MIB));
      share.push((one.scavenges - scavenges) / 8000);
    }
    expect(share[0]).toBeLessThan(0.1);
    expect(share.at(-1)).toBeGreaterThan(0);
    expect(share.at(-1)).toBeLessThan(0.01);
  });

  test('is collected again once that helps', () => {
    let frees = 0;
    const one = heap(() => frees);
    one.take(1000);
    frees = 1;
    one.take(8000);
    const { marked } = one;
    one.take(400);
    // 44 of itself, and 2 each time that it is tried without.
    expect(one.marked - marked).toBeLessThan(5);
  });

  test('is left alone again once there is no need of it', () => {
    let need = true;
    let collections = 0;
    let whole = 0;
    let steps = 0;
    const mark = (): (() => boolean) => {
      const before = whole;
      return () => whole > before;
    };
    const pace = new Pace(() => collections++, mark);
    const until = (end: number): void => {
      for (; steps < end; steps++) {
        const before = collections;
        pace.take(STEP);
        if (need && collections === before) whole++;
      }
    };
    until(50);
    expect(collections).toBeGreaterThan(40);
    // For longer each time, while there is.
    until(1000);
    expect(collections).toBeGreaterThan(960);
    need = false;
    until(4000);
    collections = 0;
    until(5000);
    expect(collections).toBe(0);
    need = true;
    until(5010);
    need = false;
    until(7000);
    expect(collections).toBeGreaterThan(0);
    expect(collections).toBeLessThan(520);
  });

  test('is not collected for less than a step', () => {
    let looks = 0;
    const pace = new Pace(
      () => {},
      () => {
        looks++;
        return () => true;
      },
    );
    for (let i = 0; i < STEP / 1000 - 1; i++) pace.take(1000);
    expect(looks).toBe(0);
    pace.take(1000);
    expect(looks).toBe(1);
  });
});
