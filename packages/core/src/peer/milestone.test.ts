import { describe, expect, test } from 'vitest';
import { RpcError } from '../error/rpc-error.ts';
import { Milestone } from './milestone.ts';

const REASON = new RpcError('UNAVAILABLE', 'It is over.');

describe('what comes once, or never', () => {
  test('fulfils for who asked before, and who asks after', async () => {
    const milestone = new Milestone();
    const before = milestone.promise;
    milestone.reach();
    await before;
    await milestone.promise;
    expect(milestone.promise).toBe(before);
  });

  test('fulfils where nobody asked until it was reached', async () => {
    const milestone = new Milestone();
    milestone.reach();
    await milestone.promise;
  });

  test('rejects for who asked before, and who asks after', async () => {
    const [early, late] = [new Milestone(), new Milestone()];
    const asked = early.promise;
    for (const milestone of [early, late]) milestone.fail(REASON);
    await expect(asked).rejects.toBe(REASON);
    await expect(late.promise).rejects.toBe(REASON);
  });

  test('stays reached where what comes after fails', async () => {
    const milestone = new Milestone();
    milestone.reach();
    milestone.fail(REASON);
    await milestone.promise;
  });
});
