import { FRAME, HEADER_BYTES } from '../src/wire/frame.ts';
import { PREFACE } from '../src/wire/preface.ts';
import type { Breakage, Invoke, RunHandler } from './breakage.ts';
import type { Distort } from './link-style.ts';

type Step = IteratorResult<unknown, unknown>;
type Steps = { next(): Step | Promise<Step>; return?(value?: unknown): unknown };

const DONE: Step = { done: true, value: undefined };

/** Worlds whose streams, events and nested calls are broken on purpose, to show that the checks see it. */
export const STREAM_MUTANTS = {
  reordersItems: { invoke: reading(({ next }) => pairwise(next)) },
  losesAnItem: {
    invoke: reading(({ next }) => {
      let count = 0;
      return async () => (++count === 2 ? next().then(next) : next());
    }),
  },
  doublesAnItem: {
    invoke: reading(({ next }) => {
      let count = 0;
      let first: Step = DONE;
      return async () => {
        if (++count === 2 && first.done !== true) return first;
        const step = await next();
        if (count === 1) first = step;
        return step;
      };
    }),
  },
  endsEarly: {
    invoke: reading(({ next, leave }) => {
      let count = 0;
      return async () => (++count > 2 ? leave() : next());
    }),
  },
  tellsErrorsFirst: { invoke: reading(({ next }) => hasty(next)) },
  leavesInSilence: { invoke: leaving(() => Promise.resolve(DONE)) },
  keepsProducers: { handler: giving(({ next }) => ({ next })) },
  returnsTwice: {
    handler: giving((steps) => ({ ...steps, return: () => [steps.return?.(), steps.return?.()][0] })),
  },
  readsAhead: { handler: giving(greedy) },
  grantsTwice: { bytes: () => framewise((type, frame) => (type === FRAME.CREDIT ? [frame, frame] : [frame])) },
  grantsNothing: { bytes: () => framewise((type, frame) => (type === FRAME.CREDIT ? [] : [frame])) },
  neverStops: { bytes: () => framewise((type, frame) => (type === FRAME.STOP ? [] : [frame])) },
  losesEvents: {
    invoke: (invoke) => {
      let count = 0;
      return (service, method, ...rest) =>
        method === 'tell' && ++count % 3 === 0 ? Promise.resolve() : invoke(service, method, ...rest);
    },
  },
  swapsEvents: { invoke: swappingEvents },
  keepsEventCredit: { handler: holding((method) => method === 'tell') },
  keepsSlots: { handler: holding((method) => method === 'uppercase') },
  forgetsParents: { parent: () => undefined },
} as const satisfies { readonly [name: string]: Breakage };

interface Reading {
  next(): Promise<Step>;
  leave(): Promise<Step>;
}

/** Reads streams in another way. */
function reading(how: (stream: Reading) => () => Promise<Step>): (invoke: Invoke) => Invoke {
  return streaming((stream) => ({
    next: how({ next: () => stream.next(), leave: () => stream.return() }),
    return: () => stream.return(),
  }));
}

/** Leaves streams in another way. */
function leaving(how: () => Promise<Step>): (invoke: Invoke) => Invoke {
  return streaming((stream) => ({ next: () => stream.next(), return: how }));
}

interface Stream {
  next(): Promise<Step>;
  return(): Promise<Step>;
}

function streaming(how: (stream: Stream) => Stream): (invoke: Invoke) => Invoke {
  return (invoke) =>
    (...call) => {
      const result = invoke(...call);
      if (result instanceof Promise) return result;
      const stream = how(result as Stream);
      return { [Symbol.asyncIterator]: () => stream };
    };
}

/** Gives each second item before the first. */
function pairwise(next: () => Promise<Step>): () => Promise<Step> {
  let held: Step | undefined;
  return async () => {
    if (held !== undefined) {
      const step = held;
      held = undefined;
      return step;
    }
    const first = await next();
    if (first.done === true) return first;
    const second = await next();
    held = second.done === true ? second : first;
    return second.done === true ? first : second;
  };
}

/** Has always asked for one item more, so that a failure comes before the item in front of it. */
function hasty(next: () => Promise<Step>): () => Promise<Step> {
  let coming: Promise<Step> | undefined;
  return async () => {
    const step = await (coming ?? next());
    if (step.done === true) return step;
    coming = next();
    const failure = await Promise.race([
      coming.then(
        () => undefined,
        (error: unknown) => ({ error }),
      ),
      turns(),
    ]);
    if (failure !== undefined) throw failure.error;
    return step;
  };
}

/** A few promise jobs later. */
async function turns(): Promise<undefined> {
  for (let i = 0; i < 20; i++) await undefined;
  return undefined;
}

/** Makes what handlers give in another way. */
function giving(how: (steps: Steps) => Steps): RunHandler {
  const wrap = (result: unknown): unknown => {
    const items = result as { [Symbol.asyncIterator]?: () => Steps; [Symbol.iterator]?: () => Steps };
    const { [Symbol.asyncIterator]: inTime, [Symbol.iterator]: atOnce } =
      typeof result === 'object' ? (items ?? {}) : {};
    if (Array.isArray(result) || result instanceof Uint8Array) return result;
    if (inTime !== undefined) return { [Symbol.asyncIterator]: () => how(inTime()) };
    return atOnce === undefined ? result : { [Symbol.asyncIterator]: () => how(atOnce()) };
  };
  return (handler) => {
    const result = handler();
    return result instanceof Promise ? result.then(wrap) : wrap(result);
  };
}

/** Draws far more than anybody asks for. */
function greedy(steps: Steps): Steps {
  const drawn: Step[] = [];
  return {
    ...steps,
    async next() {
      while (drawn.length < 400 && drawn.at(-1)?.done !== true) drawn.push(await steps.next());
      return drawn[0]?.done === true ? DONE : (drawn.shift() as Step);
    },
  };
}

/** Handlers of some methods never return, although they say so. */
function holding(which: (method: string) => boolean): RunHandler {
  return (handler, method) => {
    if (!which(method)) return handler();
    const result = handler();
    return Promise.resolve(result).then(() => new Promise(() => {}));
  };
}

/** Each second event waits for the next one. */
function swappingEvents(invoke: Invoke): Invoke {
  let release: (() => void) | undefined;
  return (service, method, ...rest) => {
    if (method !== 'tell') return invoke(service, method, ...rest);
    if (release === undefined) {
      return new Promise((resolve) => {
        release = () => resolve(invoke(service, method, ...rest));
      });
    }
    const result = invoke(service, method, ...rest);
    release();
    release = undefined;
    return result;
  };
}

/** Does something to frames as they are delivered, each in a piece of its own. */
function framewise(how: (type: number, frame: Buffer) => readonly Buffer[]): Distort {
  let kept: Buffer = Buffer.alloc(0);
  let skip = PREFACE.dialer.length;
  return (bytes) => {
    const pieces: Buffer[] = [];
    kept = Buffer.concat([kept, bytes]);
    if (skip > 0) {
      pieces.push(Buffer.from(kept.subarray(0, skip)));
      const skipped = Math.min(skip, kept.length);
      skip -= skipped;
      kept = kept.subarray(skipped);
    }
    while (kept.length >= HEADER_BYTES && kept.length >= 4 + kept.readUInt32BE(0)) {
      const end = 4 + kept.readUInt32BE(0);
      pieces.push(...how(kept[4] as number, Buffer.from(kept.subarray(0, end))).map((piece) => Buffer.from(piece)));
      kept = kept.subarray(end);
    }
    return pieces;
  };
}
