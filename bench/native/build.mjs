import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const proto = fileURLToPath(new URL('../protobuf/bench.proto', import.meta.url));
const GOCODE = '/usr/share/gocode';
const GO = { GO111MODULE: 'off', GOPATH: GOCODE, GOCACHE: join(here, 'build', 'go-cache'), GOFLAGS: '-p=1' };

export function binaryOf(name) {
  return join(here, 'build', name, name);
}

/** Undefined, or what is missing before a peer can be built. */
export function missing({ commands, files }) {
  return [
    ...commands.filter(
      (command) => !process.env.PATH.split(delimiter).some((folder) => isExecutable(join(folder, command))),
    ),
    ...files.filter((file) => !existsSync(file)),
  ][0];
}

/** Builds what is not built yet, or older than its sources. */
export function build(name, steps) {
  const folder = join(here, 'build', name);
  const built = statSync(binaryOf(name), { throwIfNoEntry: false })?.mtimeMs;
  const sources = [proto, ...filesIn(join(here, name)), ...filesIn(join(here, 'common'))];
  if (built && sources.every((file) => statSync(file).mtimeMs < built)) return;
  console.error(`bench: building ${name}, which can take minutes, once`);
  mkdirSync(folder, { recursive: true });
  steps({ name, folder, sources: join(here, name), run: (command, args, env) => run(folder, command, args, env) });
}

export function buildC({ name, sources, run }) {
  run('gcc', ['-O2', '-Wall', '-o', name, join(sources, 'main.c'), '-lpthread']);
}

export function buildGrpcCpp({ name, sources, run }) {
  const plugin = run('sh', ['-c', 'command -v grpc_cpp_plugin']).trim();
  const from = ['-I', join(proto, '..'), 'bench.proto'];
  run('protoc', ['--cpp_out=.', '--grpc_out=.', `--plugin=protoc-gen-grpc=${plugin}`, ...from]);
  const own = filesIn(sources).filter((file) => file.endsWith('.cc'));
  compileCpp(run, name, [...own, 'bench.pb.cc', 'bench.grpc.pb.cc'], ['grpc++', 'protobuf']);
}

export function buildCapnpCpp({ name, sources, run }) {
  run('capnp', ['compile', `--src-prefix=${sources}`, '-oc++:.', join(sources, 'bench.capnp')]);
  const own = filesIn(sources).filter((file) => file.endsWith('.cc'));
  compileCpp(run, name, [...own, 'bench.capnp.c++'], ['capnp-rpc']);
}

function compileCpp(run, name, sources, packages) {
  const flags = run('pkg-config', ['--cflags', ...packages])
    .trim()
    .split(/\s+/)
    .filter(Boolean);
  const libraries = run('pkg-config', ['--libs', ...packages])
    .trim()
    .split(/\s+/);
  const objects = sources.map((source, i) => {
    run('g++', ['-std=c++17', '-O2', ...flags, '-I.', '-c', source, '-o', `${i}.o`]);
    return `${i}.o`;
  });
  run('g++', ['-o', name, ...objects, ...libraries, '-lpthread']);
}

export const buildGrpcGo = goBuilder({
  generator: 'protoc-gen-go',
  from: 'github.com/golang/protobuf/protoc-gen-go',
  out: '--go_out=plugins=grpc,paths=source_relative:.',
});

export const buildTtrpcGo = goBuilder({
  generator: 'protoc-gen-gogottrpc',
  from: 'github.com/containerd/ttrpc/cmd/protoc-gen-gogottrpc',
  out: '--gogottrpc_out=plugins=ttrpc,paths=source_relative:.',
});

/** Debian holds the generators as sources, of the same version as the libraries that their code is for. */
function goBuilder({ generator, from, out }) {
  return ({ name, folder, sources, run }) => {
    run('go', ['build', '-o', generator, from], GO);
    run('protoc', [`--plugin=${join(folder, generator)}`, out, '-I', join(proto, '..'), 'bench.proto']);
    const generated = join(folder, 'bench.pb.go');
    writeFileSync(generated, readFileSync(generated, 'utf8').replace(/^package \w+$/m, 'package main'));
    const files = [...filesIn(sources), ...filesIn(join(here, 'common'))].filter((file) => file.endsWith('.go'));
    for (const file of files) cpSync(file, join(folder, file.split('/').at(-1)));
    run('go', ['build', '-o', name, ...files.map((file) => file.split('/').at(-1)), 'bench.pb.go'], GO);
  };
}

function run(cwd, command, args, env) {
  const { status, stdout, stderr, error } = spawnSync('nice', ['-n', '19', command, ...args], {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr.slice(0, 2000)}`);
  return stdout;
}

function filesIn(folder) {
  return readdirSync(folder).map((file) => join(folder, file));
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
