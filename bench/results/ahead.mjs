import { RIVALS, titleOf } from './standing.mjs';

const OURS = 'nearcall';

/** Where another RPC that checks what it carries does more a second, or answers sooner: how many times what ours does. */
export function ahead(figures) {
  return figures
    .places()
    .filter(({ peer, measure }) => RIVALS.includes(peer) && measure === 'load')
    .map((row) => ({
      ...row,
      rate: figures.ratio(row, OURS, 'rate')?.middle,
      p50: figures.ratio(row, OURS, 'p50')?.middle,
    }))
    .filter(({ rate, p50 }) => rate > 1 || p50 < 1);
}

/** The same for people, in a sentence. */
export function aheadSentence(figures) {
  const places = ahead(figures);
  const all = 'Of the RPCs that check what they carry,';
  if (places.length === 0) return `${all} none does more a second than nearcall or answers sooner, in any case.`;
  const list = grouped(places, ({ peer }) => peer).map(
    ([peer, rows]) =>
      `${titleOf(peer)} at ${grouped(rows, (row) => row.case)
        .map(where)
        .join(', ')}`,
  );
  return `${all} these do more a second than nearcall, or answer sooner: ${list.join('; ')}.`;
}

/** Without the CPUs where both say the same. */
function where([name, rows]) {
  if (rows.length > 1) return name;
  return `${name} on ${rows[0].cpus === 1 ? 'one CPU' : 'two CPUs'}`;
}

/** Map.groupBy, which Node 20 lacks. */
function grouped(rows, keyOf) {
  const keys = [...new Set(rows.map(keyOf))];
  return keys.map((key) => [key, rows.filter((row) => keyOf(row) === key)]);
}
