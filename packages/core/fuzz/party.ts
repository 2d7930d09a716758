/** The dialer, whose calls have even ids, or the acceptor. */
export type Party = 0 | 1;

export function other(party: Party): Party {
  return party === 0 ? 1 : 0;
}
