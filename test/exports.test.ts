import * as client from '@nearcall/client';
import * as core from '@nearcall/core';
import * as server from '@nearcall/server';
import { expect, test } from 'vitest';

// What a package exports is a promise: adding to it or taking from it is to be a decision.
test('each package exports these names and no others', () => {
  expect(Object.keys(core).sort()).toEqual([
    'Budget',
    'CODES',
    'DEFAULT_DEADLINE',
    'DEFAULT_GRACE',
    'DEFAULT_HANDSHAKE',
    'DEFAULT_LIMITS',
    'Implementations',
    'Invoker',
    'MAX_SOCKET_PATH_BYTES',
    'Peer',
    'Reports',
    'RpcError',
    'addressText',
    'callOnConnect',
    'checkContract',
    'checkGrace',
    'checkInterceptors',
    'checkOptions',
    'clientOf',
    'duplexTransport',
    'event',
    'health',
    'hear',
    'implement',
    'intercepted',
    'isTransport',
    'limitsWith',
    'localAddress',
    'memoryTransports',
    'messagePortTransport',
    'method',
    'parseAddress',
    'requireCredentials',
    'safe',
    'service',
    'stream',
    'streamTransport',
    'systemClock',
    'use',
  ]);
  expect(Object.keys(server).sort()).toEqual(['handedOver', 'healthStatus', 'serve', 'systemdSockets']);
  expect(Object.keys(client).sort()).toEqual(['close', 'closed', 'connect', 'ready', 'state', 'watch']);
});
