// Connects to a server by hand, and does what no client does.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { Random } from '../../packages/core/sim/random.ts';
import { answering } from '../../packages/server/test/answering.ts';

/** What it is told. */
export interface HostilePlan {
  readonly seed: number;
  readonly path: string;
}

const plan: HostilePlan = JSON.parse(process.argv[2] as string);
const random = new Random(plan.seed);
const counts: Record<string, number> = {};
let running = true;

const PREFACE = Buffer.from('nearcall/1 dial\n');
/** A HELLO with an empty map. */
const HELLO = Buffer.from([0, 0, 0, 7, 0x01, 0, 0, 0, 0, 0, 0x80]);

function noise(most: number): Buffer {
  return Buffer.from(Array.from({ length: random.between(1, most) }, () => random.below(256)));
}

const attacks: Readonly<Record<string, (socket: Socket) => void>> = {
  noise: (socket) => socket.write(noise(5000)),
  silence: () => {},
  'half a preface': (socket) => socket.write(PREFACE.subarray(0, random.below(PREFACE.length))),
  'no hello': (socket) => socket.write(PREFACE),
  'noise behind a hello': (socket) => socket.write(Buffer.concat([PREFACE, HELLO, noise(500)])),
  'half a frame': (socket) => socket.write(Buffer.concat([PREFACE, HELLO, Buffer.from([0, 0, 200, 0, 0x10, 0])])),
  'a long frame': (socket) => socket.write(Buffer.concat([PREFACE, HELLO, Buffer.from([255, 255, 255, 255])])),
  'an unknown frame': (socket) =>
    socket.write(Buffer.concat([PREFACE, HELLO, Buffer.from([0, 0, 0, 6, 99, 0, 0, 0, 0, 0])])),
};

async function attack(): Promise<void> {
  while (running) {
    const name = random.pick(Object.keys(attacks));
    counts[name] = (counts[name] ?? 0) + 1;
    const socket = connect({ path: plan.path, allowHalfOpen: random.chance(0.5) });
    socket.on('error', () => {});
    socket.once('connect', () => attacks[name]?.(socket));
    // Some read what they are told, others do not.
    if (random.chance(0.7)) socket.resume();
    const timer = setTimeout(random.between(10, 4000));
    await Promise.race([timer, once(socket, 'close')]);
    socket.destroy();
    await setTimeout(random.below(100));
  }
}

let attackers: Promise<unknown> = Promise.resolve();

answering({
  start: () => {
    attackers = Promise.all(Array.from({ length: 8 }, attack));
  },
  faults: () => counts,
  stop: async () => {
    running = false;
    await attackers;
  },
});
