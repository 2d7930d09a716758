/** What each item of a stream is made of. */
export interface Form {
  readonly kind: 'text' | 'bytes' | 'object' | 'nothing';
  /** About how many bytes, where it has any. */
  readonly size: number;
}

/** What hands the items out: how it is written, and whether it has a `return()`. */
export type Style = 'array' | 'sync' | 'sync bare' | 'generator' | 'async' | 'async bare' | 'async generator';

/**
 * What comes after the last item: the end; nothing, ever; one of the errors; or an item that cannot go. An endless one has
 * no last item.
 */
export type Ending = 'done' | 'hangs' | 'endless' | 'plain' | 'rpc' | 'declared' | 'wrong' | 'unencodable' | 'over';

/** What makes the items of a stream. */
export interface ProducerPlan {
  readonly style: Style;
  readonly ending: Ending;
  /** How many good items there are before the ending. */
  readonly count: number;
  /** What they are made of, again and again. */
  readonly forms: readonly Form[];
  /** The milliseconds that each takes, again and again; undefined for none at all. */
  readonly waits: readonly (number | undefined)[];
  /** The milliseconds that `return()` takes. */
  readonly cleanup: number | undefined;
}

/** What reads the items of a stream. */
export interface ConsumerPlan {
  /** The milliseconds before each is asked for, again and again; undefined for none at all. */
  readonly waits: readonly (number | undefined)[];
  /** How many are asked for at once. */
  readonly ahead: number;
  /** Whether it reads to the end, leaves, or stops reading and stays. */
  readonly habit: 'ends' | 'leaves' | 'stalls';
  /** How many items it reads before that. */
  readonly after: number;
}

/** One stream, as it is going to be made and read. */
export interface TrackPlan {
  readonly way: 'up' | 'down';
  readonly token: number;
  readonly producer: ProducerPlan;
  /** What is too much, where the ending is `over`. */
  readonly excess: unknown;
  readonly consumer: ConsumerPlan;
}
