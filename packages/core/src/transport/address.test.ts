import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addressText, parseAddress } from './address.ts';

describe('an address', () => {
  test.each([
    ['unix:/run/text.sock', { kind: 'unix', path: '/run/text.sock' }, 'unix:/run/text.sock'],
    ['unix:/run/../run//a b.sock', { kind: 'unix', path: '/run/a b.sock' }, 'unix:/run/a b.sock'],
    ['unix:text.sock', { kind: 'unix', path: resolve('text.sock') }, `unix:${resolve('text.sock')}`],
    ['tcp://127.0.0.1:4000', { kind: 'tcp', host: '127.0.0.1', port: 4000 }, 'tcp://127.0.0.1:4000'],
    ['tcp://127.255.0.9:1', { kind: 'tcp', host: '127.255.0.9', port: 1 }, 'tcp://127.255.0.9:1'],
    ['tcp://localhost:65535', { kind: 'tcp', host: 'localhost', port: 65_535 }, 'tcp://localhost:65535'],
    ['tcp://[::1]:0', { kind: 'tcp', host: '::1', port: 0 }, 'tcp://[::1]:0'],
  ])('%s is read, and written again', (given, address, text) => {
    expect(parseAddress(given)).toEqual(address);
    expect(addressText(parseAddress(given))).toBe(text);
  });

  test.each([
    '',
    'unix:',
    '/run/text.sock',
    'http://127.0.0.1:4000',
    'TCP://127.0.0.1:4000',
    'tcp:127.0.0.1:4000',
    'tcp://',
    'tcp://127.0.0.1',
    'tcp://127.0.0.1:',
    'tcp://:4000',
    'tcp://::1:4000',
    'tcp://127.0.0.1:65536',
    'tcp://127.0.0.1:4000/',
    'tcp://127.0.0.1:-1',
    'tcp://127.0.0.1:4e3',
    'tcp://127.0.0.1: 4000',
    'tcp://me@127.0.0.1:4000',
    ' tcp://127.0.0.1:4000',
    undefined,
    4000,
    { address: 'unix:/x' },
    Symbol('x'),
  ])('%s is none, and the error shows how to write one', (given) => {
    expect(() => parseAddress(given as string)).toThrow(TypeError);
    expect(() => parseAddress(given as string)).toThrow(/ (is none|is no address): write (unix:\/path|tcp:\/\/host)/);
  });

  test.each([
    'tcp://192.168.0.1:4000',
    'tcp://0.0.0.0:4000',
    'tcp://[::]:4000',
    'tcp://example.com:4000',
    'tcp://localhost.example.com:4000',
    'tcp://127.0.0.1.example.com:4000',
    'tcp://127.1:4000',
    'tcp://127.0.0.256:4000',
    'tcp://[::ffff:127.0.0.1]:4000',
    'tcp://2130706433:4000',
  ])('%s may lie outside this machine: it is refused, unless that is allowed', (given) => {
    expect(() => parseAddress(given)).toThrow('may lie outside this machine');
    expect(() => parseAddress(given)).toThrow('allowRemote');
    expect(addressText(parseAddress(given, { allowRemote: true }))).toBe(given);
  });
});
