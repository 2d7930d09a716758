import { forgetSlab, play, turn, watchProcess } from '../play.ts';
import { Random } from '../random.ts';
import { Stage } from '../stage.ts';
import type { ChannelBreakage } from './channel-breakage.ts';
import { ALWAYS, check, IN_THE_END, WHEN_IDLE } from './channel-checks.ts';
import { ChannelWorld } from './channel-world.ts';
import { makeChannelPlan } from './make-channel-plan.ts';

/** How one seed went. */
export interface ChannelReport {
  readonly seed: number;
  /** What broke, if anything did. */
  readonly broken: string | undefined;
  readonly trace: readonly string[];
  readonly world: ChannelWorld;
}

/** Runs one seed of a client whose servers come and go. The same seed always goes the same way. */
export async function runChannel(seed: number, traced = false, breakage: ChannelBreakage = {}): Promise<ChannelReport> {
  forgetSlab();
  const random = new Random(seed);
  const plan = makeChannelPlan(random);
  const stage = new Stage(random, plan.strict, traced);
  const stop = watchProcess(stage);
  const world = new ChannelWorld(stage, plan, breakage);
  const always = () => check(world, ALWAYS);
  try {
    await play(stage, always);
    if (plan.closesAt === undefined) {
      if (stage.broken === undefined) check(world, WHEN_IDLE);
      world.close(plan.grace);
      await turn();
      await play(stage, always);
    }
    if (stage.broken === undefined) check(world, IN_THE_END);
  } catch (error) {
    stage.broke(`nothingThrows: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    await turn();
    stop();
  }
  return { seed, broken: stage.broken, trace: stage.trace ?? [], world };
}
