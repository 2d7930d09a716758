/** What a method takes and gives: one message or a stream, each way; or an event, which has no answer. */
export const KIND = { unary: 0, serverStream: 1, clientStream: 2, duplex: 3, event: 4 } as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

/** For people. By the kind's number. */
export const KIND_NAMES: readonly [string, string, string, string, string] = [
  'with one message each way',
  'with a stream as its output',
  'with a stream as its input',
  'with a stream each way',
  'as an event',
];

/** Whether the caller sends a stream of items instead of one message. */
export function streamsInput(kind: Kind): boolean {
  return kind === KIND.clientStream || kind === KIND.duplex;
}

/** Whether the callee sends a stream of items instead of one message. */
export function streamsOutput(kind: Kind): boolean {
  return kind === KIND.serverStream || kind === KIND.duplex;
}
