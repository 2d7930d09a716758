import type { Side } from './agenda.ts';
import type { Breakage } from './breakage.ts';
import type { CallPlan } from './call-plan.ts';
import { CallRecord } from './call-record.ts';
import { Calling } from './calling.ts';
import { End } from './end.ts';
import { Handling } from './handling.ts';
import { Party } from './party.ts';
import type { Disturbance, Plan } from './plan.ts';
import type { Stage } from './stage.ts';
import { makerSide, Track } from './track.ts';
import type { TrackPlan } from './track-plan.ts';

/** Both ends of one connection and everything that happens to them, as a plan has it. */
export class World {
  readonly stage: Stage;
  readonly plan: Plan;
  /** All calls and events, those inside handlers too. */
  readonly records: readonly CallRecord[];
  readonly parties: readonly [Party, Party];
  readonly handling: Handling;
  readonly #calling: Calling;
  /** Since when the connection may fail. */
  disturbedAt = Number.POSITIVE_INFINITY;

  constructor(stage: Stage, plan: Plan, breakage: Breakage) {
    this.stage = stage;
    this.plan = plan;
    const records: CallRecord[] = [];
    for (const call of plan.calls) this.#add(records, call, undefined);
    this.records = records;
    this.#calling = new Calling(this, breakage);
    this.handling = new Handling(this, this.#calling);
    this.parties = [
      new Party(stage, 0, plan, this.handling, breakage),
      new Party(stage, 1, plan, this.handling, breakage),
    ];
    End.join(this.parties[0].end, this.parties[1].end);
    this.#schedule();
  }

  get disturbed(): boolean {
    const { late } = this.plan.clock;
    return this.disturbedAt <= this.stage.agenda.now || this.parties.some((party) => party.mayHaveGivenUp(late));
  }

  /** Closes a side, as its user does. */
  close(side: Side, grace: number): void {
    this.#disturb(() => `${side}: close(${grace})`);
    this.parties[side].close(grace);
  }

  #add(records: CallRecord[], plan: CallPlan, parent: CallRecord | undefined): void {
    const record = new CallRecord(plan, parent);
    records.push(record);
    parent?.children.push(record);
    record.up = this.#track(record, plan.up);
    record.down = this.#track(record, plan.down);
    for (const nested of plan.nested) this.#add(records, nested, record);
  }

  #track({ plan: { side } }: CallRecord, plan: TrackPlan | undefined): Track | undefined {
    if (plan === undefined) return undefined;
    const reader = makerSide(side, plan.way) === 0 ? 1 : 0;
    const { window, chunk } = this.plan.limits[reader];
    return new Track(this.stage, plan, { window, chunk, bounded: () => !this.disturbed });
  }

  #schedule(): void {
    const { agenda } = this.stage;
    const [dialer, acceptor] = this.parties;
    agenda.after(0, undefined, () => {
      dialer.begin();
      if (this.plan.acceptedAt === 0) acceptor.begin();
      else agenda.after(this.plan.acceptedAt, undefined, () => acceptor.begin());
      for (const disturbance of this.plan.disturbances) {
        agenda.after(disturbance.at, undefined, () => this.#befall(disturbance));
      }
      const records = this.records.filter(({ parent }) => parent === undefined);
      for (let i = 0; i < records.length; ) {
        const burst: CallRecord[] = [];
        const { at } = (records[i] as CallRecord).plan;
        while (i < records.length && records[i]?.plan.at === at) burst.push(records[i++] as CallRecord);
        agenda.after(at, undefined, () => this.#makeAll(burst));
      }
    });
  }

  #makeAll(burst: readonly CallRecord[]): void {
    for (const record of burst) {
      const party = this.parties[record.plan.side];
      // The accepting end may begin in this same moment, after this.
      if (party.peer === undefined) this.stage.agenda.after(0.25, undefined, () => this.#calling.make(record));
      else this.#calling.make(record);
    }
  }

  #befall(disturbance: Disturbance): void {
    const ends = this.parties.map((party) => party.end) as [End, End];
    switch (disturbance.kind) {
      case 'close':
        return this.close(disturbance.side, disturbance.grace);
      case 'kill':
        this.#disturb(() => `${disturbance.side}: dies`);
        return ends[disturbance.side].close(new Error('killed'));
      case 'cut':
        this.#disturb(() => 'the connection is cut');
        for (const side of [0, 1] as const) {
          const error = disturbance.error ? new Error('cut') : undefined;
          this.stage.agenda.after(disturbance.waits[side], side, () => ends[side].close(error));
        }
        return;
      case 'mute':
        this.#disturb(() => `${disturbance.side}: is muted`);
        return ends[disturbance.side].mute();
    }
  }

  #disturb(what: () => string): void {
    this.stage.note(what);
    this.disturbedAt = Math.min(this.disturbedAt, this.stage.agenda.now);
  }
}
