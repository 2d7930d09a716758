import { binaryOf, build, buildC, buildCapnpCpp, buildGrpcCpp, buildGrpcGo, buildTtrpcGo, missing } from './build.mjs';

const CALLS = ['call', 'connections', 'start'];
const ALL = [...CALLS, 'nested', 'echo', 'blob'];
const STREAMS = ['rows', 'rowsAtOnce', 'change'];
const GOCODE = '/usr/share/gocode/src';

/** The peers in other languages: what each can do, what it is built of, and the Debian packages that bring that. */
export const NATIVE = Object.fromEntries(
  [
    {
      name: 'c-echo',
      can: CALLS,
      steps: buildC,
      commands: ['gcc'],
      files: [],
      packages: 'gcc',
    },
    {
      name: 'grpc-cpp',
      can: [...ALL, ...STREAMS],
      steps: buildGrpcCpp,
      commands: ['g++', 'protoc', 'grpc_cpp_plugin', 'pkg-config'],
      files: ['/usr/include/grpcpp/grpcpp.h'],
      packages: 'g++ pkg-config protobuf-compiler protobuf-compiler-grpc libgrpc++-dev libprotobuf-dev',
    },
    {
      name: 'capnp-cpp',
      can: ALL,
      steps: buildCapnpCpp,
      commands: ['g++', 'capnp', 'pkg-config'],
      files: ['/usr/include/capnp/ez-rpc.h'],
      packages: 'g++ pkg-config capnproto libcapnp-dev',
    },
    {
      name: 'grpc-go',
      can: [...ALL, ...STREAMS],
      steps: buildGrpcGo,
      commands: ['go', 'protoc'],
      files: [`${GOCODE}/google.golang.org/grpc`, `${GOCODE}/github.com/golang/protobuf/protoc-gen-go`],
      packages: 'golang-go protobuf-compiler golang-google-grpc-dev',
    },
    {
      name: 'ttrpc-go',
      can: ALL,
      steps: buildTtrpcGo,
      commands: ['go', 'protoc'],
      files: [`${GOCODE}/github.com/containerd/ttrpc`],
      packages: 'golang-go protobuf-compiler golang-github-containerd-ttrpc-dev',
    },
  ].map((peer) => [peer.name, { binary: binaryOf(peer.name), abilities: () => abilities(peer) }]),
);

export function isNative(peer) {
  return Object.hasOwn(NATIVE, peer);
}

function abilities({ name, can, steps, packages, ...needs }) {
  const lacking = missing(needs);
  if (lacking) return { obstacle: `${lacking} is missing; Debian has it in: ${packages}` };
  try {
    build(name, steps);
  } catch (error) {
    return { obstacle: error.message };
  }
  return { can, hosts: false };
}
