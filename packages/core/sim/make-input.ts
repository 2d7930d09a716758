import type { Limits } from '../src/wire/limits.ts';
import type { CallPlan, Flaw } from './call-plan.ts';
import type { MethodName } from './contract.ts';
import { anything, bytes, nested, text, unicode } from './material.ts';
import type { Random } from './random.ts';
import { tokenText } from './token.ts';

/** The two ends' limits, as a caller sees them, and the size of message that a run can afford. */
export interface Bounds {
  readonly mine: Limits;
  readonly theirs: Limits;
  readonly cap: number;
}

/** A limit up to this is one that a run can afford to go over. */
const AFFORDABLE = 20_000;
/** What a message holds besides its text. */
const SLACK = 160;
/** The lengths at which encodings change, and their neighbours. */
const LENGTHS = [5, 15, 16, 17, 31, 32, 33, 126, 127, 128, 129, 255, 256, 257];

export type Sent = Pick<CallPlan, 'method' | 'flaw' | 'input' | 'handed' | 'answer'>;

/** A size of message: mostly small, often about as long as some chunks, at most `most`. */
export function size(random: Random, chunk: number, most: number): number {
  const wanted = random.weighted<() => number>([
    [6, () => random.pick(LENGTHS)],
    [3, () => random.between(1, 4) * chunk + random.between(-30, 30)],
    [1, () => random.below(most)],
  ])();
  return Math.min(wanted, most);
}

function mostText({ mine, theirs, cap }: Bounds): number {
  return Math.min(mine.message, theirs.message, cap) - SLACK;
}

function mostBytes({ mine, theirs, cap }: Bounds): number {
  return Math.min(mine.bytes, theirs.bytes, cap);
}

/** What a call sends whose input is in order, and what its handler answers. */
export function goodInput(random: Random, token: number, method: MethodName, bounds: Bounds): Sent {
  const most = mostText(bounds);
  const line = () =>
    random.chance(0.8)
      ? text(token, size(random, bounds.theirs.chunk, most))
      : unicode(token, random.between(1, Math.floor(most / 60)));
  const same = (value: unknown): Sent => ({ method, flaw: 'none', input: value, handed: value, answer: value });
  switch (method) {
    case 'uppercase':
    case 'quick': {
      const input = line();
      return { ...same(input), answer: input.toUpperCase() };
    }
    case 'note': {
      const at = new Date(1_600_000_000_000 + token);
      const note = { token: tokenText(token), title: line(), tags: ['a', unicode(token, 2)], at };
      const handed = { ...note, size: 1 };
      return { ...same({ ...note, undeclared: true }), handed, answer: handed };
    }
    case 'grow': {
      const answer = random.chance(0.5)
        ? text(token, size(random, bounds.mine.chunk, most))
        : bytes(token, size(random, bounds.mine.chunk, mostBytes(bounds)));
      return { ...same(text(token, 12)), answer };
    }
    case 'lines':
      return {
        ...same(text(token, random.chance(0.9) ? 12 : size(random, bounds.theirs.chunk, most))),
        answer: undefined,
      };
    case 'gather':
      return { ...same(undefined), answer: line() };
    case 'ping':
    case 'chat':
      return same(undefined);
    case 'tell': {
      const many = random.chance(0.7) ? 200 : most;
      const [{ chunk }, form] = [bounds.theirs, random.chance(0.7) ? text : bytes];
      // Some events are longer than all of them may hold at once.
      const long = random.chance(0.1) ? bounds.theirs.events + random.below(200) : size(random, chunk, many);
      return { ...same(form(token, Math.min(long, most, mostBytes(bounds)))), answer: undefined };
    }
    case 'echo':
      return same(
        random.weighted<() => unknown>([
          [2, () => anything(token)],
          [2, line],
          [3, () => bytes(token, size(random, bounds.theirs.chunk, mostBytes(bounds)))],
          [1, () => ({ token: tokenText(token), line: line() })],
        ])(),
      );
  }
}

/** What a call sends that no handler is to see. Where a run cannot afford the flaw, it has none. */
export function badInput(random: Random, token: number, flaw: Flaw, bounds: Bounds): Sent {
  const sent = (method: MethodName, input: unknown): Sent => ({ method, flaw, input, handed: NEVER, answer: NEVER });
  const { theirs } = bounds;
  switch (flaw) {
    case 'unencodable': {
      const value = random.pick<unknown>([() => token, Symbol('s'), '\ud800', Promise.resolve(), /x/]);
      return sent('echo', random.chance(0.3) ? value : { token: tokenText(token), list: [1, value] });
    }
    case 'invalid':
      return random.pick([
        sent('uppercase', token),
        sent('note', { token: tokenText(token), title: 1 }),
        sent('quick', undefined),
        sent('ping', tokenText(token)),
        sent('lines', token),
        sent('tell', token),
      ]);
    case 'over':
      if (theirs.message <= AFFORDABLE) {
        const method = random.pick(['uppercase', 'lines', 'tell'] as const);
        return sent(method, text(token, theirs.message + random.between(0, 5)));
      }
      if (theirs.bytes <= AFFORDABLE) {
        return sent(random.pick(['echo', 'tell']), bytes(token, theirs.bytes + random.between(1, 5)));
      }
      return goodInput(random, token, 'echo', bounds);
    case 'deep':
      return sent('echo', nested(token, theirs.depth + random.between(1, 9)));
    case 'no stream':
      return sent(random.pick(['gather', 'chat']), random.pick([token, tokenText(token), undefined, { length: 1 }]));
    default:
      return { ...goodInput(random, token, random.pick(ANY), bounds), flaw };
  }
}

const ANY = ['uppercase', 'uppercase', 'lines', 'gather', 'chat', 'tell'] as const;

/** Stands for what is never handed over. */
const NEVER = Symbol('never');

/** An answer or item that is too much for its receiver, if the run can afford one. */
export function tooMuch(token: number, { message, bytes: most }: Limits): unknown {
  if (message <= AFFORDABLE) return text(token, message + 1);
  return most <= AFFORDABLE ? bytes(token, most + 1) : undefined;
}
