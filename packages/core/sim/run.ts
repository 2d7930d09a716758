import { FrameWriter } from '../src/wire/frame-writer.ts';
import type { Breakage } from './breakage.ts';
import { ALWAYS, check, IN_THE_END, WHEN_IDLE } from './checks.ts';
import { makePlan } from './make-plan.ts';
import { Random } from './random.ts';
import { Stage } from './stage.ts';
import { World } from './world.ts';

/** How one seed went. */
export interface Report {
  readonly seed: number;
  /** What broke, if anything did. */
  readonly broken: string | undefined;
  readonly trace: readonly string[];
  readonly world: World;
}

/** A run that has not ended after so many steps will not. */
const MOST_STEPS = 200_000;

/** Runs one seed. The same seed always goes the same way. */
export async function run(seed: number, traced = false, breakage: Breakage = {}): Promise<Report> {
  forgetSlab();
  const random = new Random(seed);
  const plan = makePlan(random);
  const stage = new Stage(random, plan.strict, traced);
  const stop = watchProcess(stage);
  const world = new World(stage, plan, breakage);
  try {
    await play(stage, world);
    if (stage.broken === undefined) check(world, WHEN_IDLE);
    for (const [side, grace] of plan.closers) {
      world.close(side, grace);
      await turn();
    }
    if (plan.disturbances.some(({ kind }) => kind === 'mute')) for (const side of [0, 1] as const) world.close(side, 0);
    await play(stage, world);
    // Whoever stopped reading reads on, and finds out.
    stage.wakeAll();
    await turn();
    await play(stage, world);
    if (stage.broken === undefined) check(world, IN_THE_END);
  } catch (error) {
    stage.broke(`nothingThrows: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    await turn();
    stop();
  }
  return { seed, broken: stage.broken, trace: stage.trace ?? [], world };
}

/** Lets things happen until nothing more can. */
async function play(stage: Stage, world: World): Promise<void> {
  const { agenda } = stage;
  while (stage.broken === undefined && agenda.step()) {
    await turn();
    check(world, ALWAYS);
    if (agenda.steps > MOST_STEPS) return stage.broke(`itEnds: there is no end after ${MOST_STEPS} steps`);
  }
}

/** Fulfils when all promise jobs and ticks that are due have run, those of rejections that nobody handles included. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * The memory that frames are written into goes from one connection to the next, and how full it is decides how bytes
 * are cut into pieces. Taking it away lets every run begin alike.
 */
function forgetSlab(): void {
  new FrameWriter().begin(0, 0, 0, 0);
}

function watchProcess(stage: Stage): () => void {
  const unhandled = (reason: unknown) => stage.broke(`rejectionsAreHandled: ${String(reason)}`);
  const uncaught = (error: unknown) => stage.broke(`nothingThrows: uncaught: ${String(error)}`);
  process.on('unhandledRejection', unhandled);
  process.on('uncaughtException', uncaught);
  return () => {
    process.off('unhandledRejection', unhandled);
    process.off('uncaughtException', uncaught);
  };
}
