import { describe } from 'vitest';
import { listening } from './far-end.ts';
import { callSemantics } from './suite.ts';

describe('over TCP', () => callSemantics(() => listening('tcp://127.0.0.1:0')));
