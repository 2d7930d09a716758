import { describe } from 'vitest';
import { thread } from './far-end.ts';
import { callSemantics } from './suite.ts';

describe('over a MessagePort to another thread', () => callSemantics(thread));
