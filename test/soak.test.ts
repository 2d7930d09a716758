import { describe, expect, test } from 'vitest';
import { course, flatness } from '../soak/flatness.ts';
import { judge } from '../soak/judge.ts';
import { Ledger, type LedgerReport } from '../soak/ledger.ts';
import type { Soaked, Watch } from '../soak/soak.ts';
import { Tokens } from '../soak/tokens.ts';

const MIB = 2 ** 20;
const anything = (): boolean => true;

describe('what the soak calls flat', () => {
  const margin = { most: 100, part: 0 };
  /** A minute of samples. */
  const series = (value: (i: number) => number) => ({
    name: 'heap',
    values: Array.from({ length: 60 }, (_, i) => value(i)),
  });

  test('stays flat where what is under way comes and goes', () => {
    expect(
      flatness(
        series((i) => 1000 + (i % 3) * 500),
        margin,
      ),
    ).toMatchObject({ early: 1000, late: 1000, flat: true });
  });

  test('is judged without the first quarter, in which a process grows into its work', () => {
    expect(
      flatness(
        series((i) => Math.min(i, 14) * 100),
        margin,
      ).flat,
    ).toBe(true);
  });

  test('is not what grows by little each time, however much else comes and goes', () => {
    expect(
      flatness(
        series((i) => 1000 + 4 * i + (i % 3) * 500),
        margin,
      ).flat,
    ).toBe(false);
  });

  test('is shown by its course, in which a step is told from a slope', () => {
    expect(course(series((i) => Math.min(i, 10)).values, 6)).toEqual([2, 10, 10, 10, 10, 10]);
  });

  test('needs samples to be told from noise', () => {
    expect(() => flatness({ name: 'heap', values: [1, 2, 3] }, margin)).toThrow('heap has 3 samples; 8 are the least');
  });
});

describe('the ledger of the soak', () => {
  function ledger() {
    let now = 0;
    return {
      ledger: new Ledger(() => now),
      pass: (milliseconds: number) => {
        now += milliseconds;
      },
    };
  }

  test('has nothing against calls that settle once, in time and as they may', () => {
    const { ledger: one, pass } = ledger();
    const entry = one.begin('echo', 1000, (outcome) => outcome === 'ok');
    pass(1000);
    entry.settle('ok');
    expect(one.report()).toMatchObject({ begun: 1, settled: 1, outcomes: { 'echo ok': 1 }, faults: [], faultCount: 0 });
    expect(one.open).toBe(0);
  });

  test('names a call that settles twice, late, never, or as it may not', () => {
    const { ledger: one, pass } = ledger();
    const twice = one.begin('twice', 1000, anything);
    twice.settle('ok');
    twice.settle('CANCELLED/unknown');
    one.begin('wrong', 1000, (outcome) => outcome === 'ok').settle('INTERNAL/unknown', 'why not');
    const late = one.begin('late', 1000, anything);
    one.begin('never', 1000, anything);
    pass(7000);
    late.settle('ok');
    expect(one.report().faults).toEqual([
      'twice settled twice, then with CANCELLED/unknown',
      'wrong came to INTERNAL/unknown: why not',
      'late settled 6000 ms after its deadline, with ok',
      'never has not settled 5000 ms after its deadline',
    ]);
  });
});

describe('the memory of what has run', () => {
  test('tells each token of a maker from all others, and those that run twice', () => {
    const tokens = new Tokens();
    const token = (maker: number, n: number): number => maker * 2 ** 32 + n;
    for (let n = 1; n <= 1000; n++) expect(tokens.add(token(3, n))).toBe(false);
    expect(tokens.has(token(3, 7))).toBe(true);
    expect(tokens.has(token(3, 1001))).toBe(false);
    expect(tokens.has(token(4, 7))).toBe(false);
    expect(tokens.add(token(3, 7))).toBe(true);
  });
});

describe('the verdict on a soak', () => {
  const report: LedgerReport = {
    begun: 1,
    settled: 1,
    outcomes: {},
    reasons: {},
    latest: 0,
    faults: [],
    faultCount: 0,
  };

  /** A process that was sampled for a minute, with so many bytes and descriptors. */
  function watch(heap: (i: number) => number, descriptors: (i: number) => number): Watch {
    return {
      name: 'server',
      samples: Array.from({ length: 60 }, (_, i) => ({
        sample: {
          heap: heap(i),
          outside: MIB,
          rss: 100 * MIB,
          descriptors: descriptors(i),
          resources: { Timeout: 3 },
          lag: 0,
        },
        counts: {},
      })),
      ended: { descriptors: 0, more: 0, resources: { PipeWrap: 1 }, counts: { connections: 0 } },
    };
  }

  const calm = watch(
    () => 10 * MIB,
    () => 30,
  );
  const good: Soaked = { watches: [calm], ledgers: [report], reports: {}, faults: {}, left: [], failures: [] };
  const wrong = (changes: Partial<Soaked>, seconds = 10): readonly string[] =>
    judge({ ...good, ...changes }, seconds).wrong;

  test('is good where nothing is lost, left or grown', () => {
    expect(wrong({ reports: { 'Error: thrown on purpose': 7 } })).toEqual([]);
  });

  test('names what grows, by an object of 50 bytes for each of 2,000 calls a second', () => {
    const leaking = watch(
      (i) => 10 * MIB + i * 50 * 2000,
      () => 30,
    );
    expect(wrong({ watches: [leaking] })).toEqual([expect.stringMatching(/^heap of server went from \d+ to \d+/)]);
    const open = watch(
      () => 10 * MIB,
      (i) => 30 + i,
    );
    expect(wrong({ watches: [open] })).toEqual(['descriptors of server went from 48 to 78, and may go up by 12']);
  });

  test('names what is left in the end, what nobody expects, and what ends though nobody ended it', () => {
    const ended = { descriptors: 2, more: 1, resources: { PipeWrap: 1, Timeout: 1 }, counts: { connections: 1 } };
    expect(
      wrong({
        watches: [{ ...calm, ended }],
        ledgers: [{ ...report, faults: ['echo settled twice, then with ok'] }],
        reports: { 'TypeError: x is not a function': 1 },
        left: ['steady.sock'],
        failures: ['proxy ended with 70'],
      }),
    ).toEqual([
      'proxy ended with 70',
      'echo settled twice, then with ok',
      'server has 2 descriptors more in the end than in the beginning',
      'server has 1 handles more than at first, among {"PipeWrap":1,"Timeout":1}',
      'server still has connections: 1 in the end',
      'onError was told what nobody expects: TypeError: x is not a function',
      'the file steady.sock was left behind',
    ]);
  });

  test('is none where nobody was harmed in all the time', () => {
    expect(wrong({}, 60)).toContain('there was no "kill server" in all that time');
  });
});
