import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** One of the two processes of a measurement, seen from the runner. */
export class Participant {
  #child;
  #pending;
  #ended;

  constructor(script, args, cpu) {
    const node = [process.execPath, fileURLToPath(new URL(script, import.meta.url)), ...args];
    // taskset replaces itself by node, so the IPC channel passes through it.
    const [command, ...rest] = cpu === undefined ? node : ['taskset', '-c', String(cpu), ...node];
    this.#child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
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
        this.#settle('reject', new Error(`${script} ${args[0]} ended (${signal ?? code})`));
        resolve();
      });
    });
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
