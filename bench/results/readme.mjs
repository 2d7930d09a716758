import { aheadSentence } from './ahead.mjs';
import { sentence } from './machine.mjs';
import { table } from './table.mjs';

const START = '<!-- measured: written by `pnpm bench:publish`, see bench/README.md -->';
const END = '<!-- /measured -->';

/** What stands between the marks is replaced, and nothing else. */
export function withMeasured(readme, measured) {
  const [start, end] = [readme.indexOf(START), readme.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`the README lacks "${START}" or "${END}"`);
  return `${readme.slice(0, start)}${START}\n\n${measured}\n\n${readme.slice(end)}`;
}

/** The table, the charts, and beside each the command that makes it. */
export function measured({ figures, machine, bars, scaling }) {
  const runs = figures.runs() === 1 ? 'One run' : `The middle of ${figures.runs()} runs`;
  const on = machine ? sentence(machine) : 'a machine that was not noted';
  const parts = [
    table(figures, machine?.peers),
    wrapped(
      `${runs} of \`npx -y pnpm@12 bench --json rows.json\`, on ${on}. An empty cell is what a peer does not have.`,
      aheadSentence(figures),
      '[bench/RESULTS.md](bench/RESULTS.md) has every peer and case with its spread, and the budgets;',
      '[bench/README.md](bench/README.md) says how each figure comes about.',
    ),
    'The charts are of the same runs, drawn by `npx -y pnpm@12 bench:publish rows.json`.',
    pictures(bars),
  ];
  if (scaling) {
    const of = scaling.charts.map(({ name, title }) => ({ name: `scaling-${name}`, title }));
    parts.push(
      'How the cost of a call or an item grows, by `npx -y pnpm@12 bench:scaling --json scaling.json`.',
      pictures(of),
    );
  }
  return parts.join('\n\n');
}

/** Two beside each other: half of what GitHub gives a page's text. */
function pictures(charts) {
  return charts.map(({ name, title }) => picture(name, title)).join('\n');
}

function picture(name, title) {
  return (
    `<picture><source media="(prefers-color-scheme: dark)" srcset="bench/charts/${name}-dark.svg">` +
    `<img src="bench/charts/${name}-light.svg" alt="${title}" width="430" align="top"></picture>`
  );
}

/** Lines of at most 120 characters, as all of the README. */
export function wrapped(...sentences) {
  return sentences
    .join(' ')
    .replaceAll(/(.{1,120})(?: |$)/g, '$1\n')
    .trim();
}
