import { FrameWriter } from '../src/wire/frame-writer.ts';
import type { Stage } from './stage.ts';

/** A run that has not ended after so many steps will not. */
const MOST_STEPS = 200_000;

/** Lets things happen until nothing more can, and calls `always` after each. */
export async function play(stage: Stage, always: () => void): Promise<void> {
  const { agenda } = stage;
  while (stage.broken === undefined && agenda.step()) {
    await turn();
    always();
    if (agenda.steps > MOST_STEPS) return stage.broke(`itEnds: there is no end after ${MOST_STEPS} steps`);
  }
}

/** Fulfils when all promise jobs and ticks that are due have run, those of rejections that nobody handles included. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * The memory that frames are written into goes from one connection to the next, and how full it is decides how bytes
 * are cut into pieces. Taking it away lets every run begin alike.
 */
export function forgetSlab(): void {
  new FrameWriter().begin(0, 0, 0, 0);
}

/** Takes what nobody handles as broken, until the result is called. */
export function watchProcess(stage: Stage): () => void {
  const unhandled = (reason: unknown) => stage.broke(`rejectionsAreHandled: ${String(reason)}`);
  const uncaught = (error: unknown) => stage.broke(`nothingThrows: uncaught: ${String(error)}`);
  process.on('unhandledRejection', unhandled);
  process.on('uncaughtException', uncaught);
  return () => {
    process.off('unhandledRejection', unhandled);
    process.off('uncaughtException', uncaught);
  };
}
