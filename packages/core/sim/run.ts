import type { Breakage } from './breakage.ts';
import { ALWAYS, check, IN_THE_END, WHEN_IDLE } from './checks.ts';
import { makePlan } from './make-plan.ts';
import { forgetSlab, play, turn, watchProcess } from './play.ts';
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

/** Runs one seed. The same seed always goes the same way. */
export async function run(seed: number, traced = false, breakage: Breakage = {}): Promise<Report> {
  forgetSlab();
  const random = new Random(seed);
  const plan = makePlan(random);
  const stage = new Stage(random, plan.strict, traced);
  const stop = watchProcess(stage);
  const world = new World(stage, plan, breakage);
  const always = () => check(world, ALWAYS);
  try {
    await play(stage, always);
    if (stage.broken === undefined) check(world, WHEN_IDLE);
    for (const [side, grace] of plan.closers) {
      world.close(side, grace);
      await turn();
    }
    if (plan.disturbances.some(({ kind }) => kind === 'mute')) for (const side of [0, 1] as const) world.close(side, 0);
    await play(stage, always);
    // Whoever stopped reading reads on, and finds out.
    stage.wakeAll();
    await turn();
    await play(stage, always);
    if (stage.broken === undefined) check(world, IN_THE_END);
  } catch (error) {
    stage.broke(`nothingThrows: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    await turn();
    stop();
  }
  return { seed, broken: stage.broken, trace: stage.trace ?? [], world };
}
