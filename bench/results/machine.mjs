import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { PACKAGES } from './standing.mjs';

const folder = fileURLToPath(new URL('..', import.meta.url));

/** Where a run happened, and of what: without it nobody can say what its figures mean. */
export function machine() {
  const commit = said('git', ['rev-parse', '--short=10', 'HEAD']);
  return {
    date: new Date().toISOString().slice(0, 16),
    commit,
    // What the bench itself writes is no part of what it measures.
    changed: commit ? said('git', ['status', '--porcelain', '--', '../packages', '*.mjs']) !== '' : undefined,
    cpu: cpus()[0].model.trim(),
    cpus: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    virtual: /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'latin1')),
    kernel: release(),
    system: /^PRETTY_NAME="?(.*?)"?$/m.exec(textOf('/etc/os-release'))?.[1],
    node: process.version,
    peers: versions(),
  };
}

/** Beside the rows and not among them, so that their file stays what anybody's script reads: rows. */
export function machineFile(file) {
  return `${file.replace(/\.json$/, '')}.machine.json`;
}

export function writeMachine(file, found) {
  writeFileSync(machineFile(file), `${JSON.stringify(found, undefined, 2)}\n`);
}

/** Undefined where the figures came without. */
export function readMachine(file) {
  const path = machineFile(file);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

/** In a line for people. */
export function sentence({ cpu, cpus: count, virtual, memoryGib, system, kernel, node, date, commit, changed }) {
  const host = `${cpu}, ${count} CPUs${virtual ? ' of a virtual machine' : ''}, ${memoryGib} GiB`;
  const from = commit ? `, at commit ${commit}${changed ? ' with changes' : ''}` : '';
  return `${host}; ${system ?? 'Linux'}, kernel ${kernel}; Node ${node.replace(/^v/, '')}; ${date.slice(0, 10)}${from}`;
}

function versions() {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const found = PACKAGES.map(({ peer, npm, debian }) => [
    peer,
    npm ? dependencies[npm] : /^Version: (.*)$/m.exec(said('dpkg-query', ['-s', debian]) ?? '')?.[1],
  ]);
  return Object.fromEntries(found.filter(([, version]) => version));
}

function said(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function textOf(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
