import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { NATIVE } from './native/peers.mjs';

/**
 * The command that starts one side of a peer: "server", "client", or "cold", a client that makes one call. `flags` are
 * for a process of Node.
 */
export function commandOf(peer, side, path, cpu, flags = []) {
  const command = Object.hasOwn(NATIVE, peer)
    ? [NATIVE[peer].binary, side, path]
    : [process.execPath, ...flags, fileURLToPath(new URL(`./${side}.mjs`, import.meta.url)), peer, path];
  // taskset replaces itself by the command, so what is inherited passes through it.
  return cpu === undefined ? command : ['taskset', '-c', String(cpu), ...command];
}

/**
 * One of the two processes of a measurement, seen from the runner: it takes an order and answers it, one at a time,
 * in lines of JSON on its descriptor 3, which for a process of Node is its IPC channel.
 */
export class Participant {
  #child;
  #pending;
  #ended;

  constructor(peer, side, path, cpu, flags) {
    const [command, ...args] = commandOf(peer, side, path, cpu, flags);
    // What a peer logs of connections that end would stand in the midst of the report.
    this.#child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child.on('message', (message) => {
      if ('failure' in message) {
        this.#settle('reject', Object.assign(new Error(message.failure), { code: message.code }));
      } else {
        this.#settle('resolve', message.answer);
      }
    });
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        this.#settle('reject', error);
        resolve();
      });
      this.#child.on('exit', (code, signal) => {
        this.#settle('reject', new Error(`the ${side} of ${peer} ended (${signal ?? code})`));
        resolve();
      });
    });
  }

  get pid() {
    return this.#child.pid;
  }

  ask(order, given, seconds = 10) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#settle('reject', new Error(`no answer to "${order}" in ${seconds} s`));
      }, seconds * 1000);
      this.#pending = { resolve, reject, timer };
      this.#child.send({ order, given }, (error) => error && this.#settle('reject', error));
    });
  }

  async end() {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #settle(outcome, value) {
    const pending = this.#pending;
    if (!pending) return;
    this.#pending = undefined;
    clearTimeout(pending.timer);
    pending[outcome](value);
  }
}
