import { readdirSync, readFileSync } from 'node:fs';

/** What tells of the file descriptors of a process. */
export interface DescriptorSource {
  /** How many it may have open; undefined where nobody knows. */
  most(): number | undefined;
  /** How many it has open. */
  open(): number;
}

/** Linux tells both as files. Elsewhere nothing does that is quick. */
const system: DescriptorSource = {
  most() {
    try {
      const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
      return soft === undefined ? undefined : Number(soft);
    } catch (error) {
      // None is left to read it with: it is what it was.
      if (isShort(error)) throw error;
      return undefined;
    }
  },
  // One of them is that of the directory itself.
  open: () => readdirSync('/proc/self/fd').length - 1,
};

/** The part of them that may be in use without a word, and the part below which a new warning is worth its while. */
const WARNED_AT = 0.9;
const CALM_AT = 0.8;

/** What is kept for the process's other work, and for telling clients why they are turned away. */
const KEPT = { part: 0.05, least: 4, most: 64 };

/** How long a count is good for, in milliseconds, and for how many times as long as it took: it grows with what it counts. */
const GOOD_FOR = 1000;
const WORTH = 20;

/**
 * The file descriptors of this process, of which every client takes one. Without any, the system closes new connections
 * and tells nobody: so it is told before, and clients are turned away while there is something left to tell them with.
 * They are counted now and then, and between two counts by those who come and go here: an accept costs an addition.
 */
export class Descriptors {
  readonly #source: DescriptorSource;
  readonly #now: () => number;
  readonly #warn: (message: string) => void;
  #most: number | undefined = Number.POSITIVE_INFINITY;
  #open = 0;
  /** After so many more have come, and not before a time that a count is worth, they are counted again. */
  #step = 0;
  #since = 0;
  #soonest = Number.NEGATIVE_INFINITY;
  #latest = Number.NEGATIVE_INFINITY;
  #warned = false;

  constructor(
    source: DescriptorSource = system,
    now: () => number = () => performance.now(),
    warn: (message: string) => void = warnProcess,
  ) {
    this.#source = source;
    this.#now = now;
    this.#warn = warn;
  }

  /** A client has come. Returns why it cannot be served, where too few are left. */
  take(): string | undefined {
    if (this.#most === undefined) return undefined;
    this.#open++;
    this.#since++;
    const now = this.#now();
    if (now >= this.#latest || (this.#since >= this.#step && now >= this.#soonest)) this.#count();
    const most = this.#most ?? Number.POSITIVE_INFINITY;
    this.#tell(most);
    if (this.#open <= most - kept(most)) return undefined;
    return `the server is busy: its process has ${this.#open} file descriptors open, of at most ${most} (ulimit -n)`;
  }

  /** A client's socket is closed. */
  give(): void {
    this.#open--;
  }

  /** Whether there are so few that nobody is to keep one only to be told why he is not served. */
  get scarce(): boolean {
    const most = this.#most ?? Number.POSITIVE_INFINITY;
    return this.#open > most - kept(most) / 2;
  }

  #count(): void {
    const start = this.#now();
    try {
      this.#most = this.#source.most();
      if (this.#most === undefined) return;
      this.#open = this.#source.open();
    } catch (error) {
      if (!isShort(error)) {
        this.#most = undefined;
        return;
      }
      // There is not even one to count with.
      if (this.#most !== undefined && this.#most < Number.POSITIVE_INFINITY) this.#open = this.#most;
    }
    const now = this.#now();
    this.#since = 0;
    this.#step = Math.max(1, Math.floor((WARNED_AT * (this.#most ?? 0) - this.#open) / 4));
    this.#soonest = now + WORTH * (now - start);
    this.#latest = Math.max(now + GOOD_FOR, now + 10 * WORTH * (now - start));
  }

  #tell(most: number): void {
    if (this.#open < CALM_AT * most) this.#warned = false;
    if (this.#warned || this.#open < WARNED_AT * most) return;
    this.#warned = true;
    this.#warn(
      `This process has ${this.#open} file descriptors open, of at most ${most}. Clients are turned away when only ` +
        `${kept(most)} are left. Close what is not needed, or allow more: "ulimit -n" in a shell, "LimitNOFILE=" in a ` +
        'unit of systemd. The limit "connections" of a server keeps its clients fewer.',
    );
  }
}

/** Those of this process: all servers of this thread count together. */
export const descriptors: Descriptors = new Descriptors();

/** A connection could not be accepted. There may be others, and the server goes on. */
export function acceptFailed(error: Error): void {
  process.emitWarning(`A server could not accept a connection: ${error.message}.`, {
    type: 'NearcallWarning',
    code: 'NEARCALL_ACCEPT',
  });
}

/** An error of a server that could not begin, with what to do where it is that no file descriptor is left. */
export function whereShort(error: unknown): unknown {
  let cause = error;
  while (cause instanceof Error && !isShort(cause)) cause = cause.cause;
  if (!isShort(cause)) return error;
  const why = 'There is no file descriptor left to listen with: close what is not needed, or allow more (ulimit -n).';
  return new Error(`${why} ${(error as Error).message}`, { cause: error });
}

function warnProcess(message: string): void {
  process.emitWarning(message, { type: 'NearcallWarning', code: 'NEARCALL_DESCRIPTORS' });
}

function kept(most: number): number {
  return Math.min(KEPT.most, Math.max(KEPT.least, Math.ceil(KEPT.part * most)));
}

function isShort(error: unknown): boolean {
  return ['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException)?.code ?? '');
}
