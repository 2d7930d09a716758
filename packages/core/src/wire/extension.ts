/** The extension types of the wire. */
export const EXTENSION = { undefined: 0x00, map: 0x01, set: 0x02, bigint: 0x42, timestamp: 0xff } as const;
