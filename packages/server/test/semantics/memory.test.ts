import { describe } from 'vitest';
import { memory } from './far-end.ts';
import { callSemantics } from './suite.ts';

describe('over transports in memory', () => callSemantics(memory));
