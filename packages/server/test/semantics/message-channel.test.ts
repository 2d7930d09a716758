import { describe } from 'vitest';
import { channel } from './far-end.ts';
import { callSemantics } from './suite.ts';

describe('over a MessageChannel within a thread', () => callSemantics(channel));
