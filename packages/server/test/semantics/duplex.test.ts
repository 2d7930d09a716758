import { describe } from 'vitest';
import { duplex } from './far-end.ts';
import { callSemantics } from './suite.ts';

describe('over any Duplex', () => callSemantics(duplex));
