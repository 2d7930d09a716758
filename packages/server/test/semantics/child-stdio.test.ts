import { describe } from 'vitest';
import { stdio } from './far-end.ts';
import { callSemantics } from './suite.ts';

describe('over the standard input and output of a child process', () => callSemantics(stdio));
