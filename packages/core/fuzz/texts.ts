/** Keys and texts that mean something to somebody, or have lengths where another form begins. */
export const TEXTS: readonly number[][] = [
  ...['', 'a', 'b', 'key', '0', '1', '__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', 'toJSON'],
  ...[
    'then',
    'length',
    'prototype',
    '__proto_',
    '__proto__x',
    'é',
    '日本',
    '🦊',
    '\ufeff',
    '\ufffd',
    `\ufeff${'x'.repeat(70)}`,
  ],
  ...[15, 16, 17, 31, 32, 63, 64, 65, 255, 256].map((length) => 'x'.repeat(length)),
  ...[30, 100, 300].map((length) => 'é'.repeat(length)),
].map((text) => [...Buffer.from(text, 'utf8')]);

export const NOT_UTF8: readonly number[][] = [
  [0x80],
  [0xc0, 0x80],
  [0xed, 0xa0, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0xe2, 0x82],
  [0x61, 0xff, 0x62],
];
export const PROTO: readonly number[] = [...Buffer.from('__proto__')];
