const bytes = (value) => `${value.toFixed(0)} bytes`;
const times = (value) => value.toFixed(2);
const FIND_CPU = 'profile both ends (node --cpu-prof) to see what takes it';
const FIND_BYTES = 'a profile of allocations (node --heap-prof) names what makes them';
const FIND_TURNS = 'strace -f -e trace=read,write,writev shows which; all of a tick belongs in one write';

/**
 * What is held against what was expected: by how much more of it is let pass, and what to do about the rest. The CPU
 * time is the noisy one: over three rounds it is right to 3 %, and a fifth more must not pass. Processors differ in what
 * they make of the two programs, and so another one is held to less.
 */
const KINDS = {
  'share of CPU': { letPass: 0.12, elsewhere: 0.3, print: (value) => `${value.toFixed(3)} of hand's`, find: FIND_CPU },
  'server bytes': { letPass: 0.08, print: bytes, find: FIND_BYTES },
  'client bytes': { letPass: 0.08, print: bytes, find: FIND_BYTES },
  'server reads': { letPass: 0.1, print: times, find: FIND_TURNS },
  'server writes': { letPass: 0.1, print: times, find: FIND_TURNS },
  'client reads': { letPass: 0.1, print: times, find: FIND_TURNS },
  'client writes': { letPass: 0.1, print: times, find: FIND_TURNS },
};

/** By how much more than 1 for the one expected a figure may be. */
export function letPass(name, sameProcessor) {
  const { letPass, elsewhere = letPass } = KINDS[name];
  return sameProcessor ? letPass : elsewhere;
}

export function print(name, value) {
  return KINDS[name].print(value);
}

export function howToFind(name) {
  return KINDS[name].find;
}
