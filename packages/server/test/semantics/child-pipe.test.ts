import { describe } from 'vitest';
import { pipe } from './far-end.ts';
import { callSemantics } from './suite.ts';

describe('over a spare pipe to a child process', () => callSemantics(pipe));
