import type { MessagePort } from 'node:worker_threads';

/** How long the process is held at least, in milliseconds: to hold it and to let it go at each call costs more. */
const LETTING_GO = 10;

/** How many streams of this thread are to keep its process running. */
let holding = 0;
/** What does so for all of them. */
let port: MessagePort | undefined;
let held = false;
let leaving = false;

/**
 * Keeps the process running until `release` has been called as often. To hold each socket by itself, and to let it go, took
 * a tenth of the CPU time of a call where each of a thousand connections has one now and then.
 */
export function hold(): void {
  holding++;
  if (held) return;
  held = true;
  // A port and no timer: it is made once, and holds by a flag.
  port ??= new MessageChannel().port1;
  port.ref();
}

export function release(): void {
  holding--;
  if (holding > 0 || leaving) return;
  leaving = true;
  setTimeout(letGo, LETTING_GO).unref();
}

function letGo(): void {
  leaving = false;
  if (holding > 0) return;
  held = false;
  port?.unref();
}
