import { STANDINGS, shortTitleOf, standingOf } from './standing.mjs';
import { FONT, THEMES, titleOf } from './theme.mjs';

const BAR = 19;
const ABOVE = 76;
const BELOW = 12;
const WIDTH = 430;

/** Where the longest bar is so many times ours, a linear axis would hide ours among the others. */
const MOST_TIMES = 12;

const NAMES = { ours: 'nearcall', rival: 'checks schemas', other: 'no checks', floor: 'floor, no RPC' };

/** What is drawn, each of one case. */
export const BARS = [
  { name: 'calls', title: 'Calls a second, 64 in flight', unit: 'calls/s', case: '64x11', cpus: 2, field: 'rate' },
  { name: 'cpu', title: 'CPU time of a call, 64 in flight', unit: 'µs', case: '64x11', cpus: 1, field: 'cpuUs' },
  { name: 'latency', title: 'One call after the other, p50', unit: 'µs', case: '1x11', cpus: 1, field: 'p50' },
  { name: 'nested', title: 'Objects of 1 KB, there and back', unit: 'calls/s', case: 'nested', cpus: 2, field: 'rate' },
  { name: 'stream', title: 'Stream of small objects', unit: 'items/s', case: 'stream', cpus: 2, field: 'rate' },
  { name: 'bulk', title: 'Answers of 1 MiB', unit: 'MiB/s', case: 'bulk', cpus: 2, field: 'rate' },
  {
    name: 'beside-bulk',
    title: 'A small call beside 1 MiB answers, p99',
    unit: 'ms',
    case: 'calls-during-bulk',
    cpus: 2,
    field: 'p99',
    scale: 1000,
  },
  {
    name: 'cold',
    title: 'From the start to the first answer',
    unit: 'ms',
    case: 'cold',
    cpus: 2,
    field: 'p50',
    scale: 1000,
  },
];

/** What a chart of bars is, for the library that draws it; undefined where ours was not measured. */
export function barsOf(figures, bars, theme) {
  const { field, scale = 1, title, unit, cpus } = bars;
  const peers = figures.places().filter((place) => place.case === bars.case && place.cpus === cpus);
  const values = peers.flatMap(({ peer }) => {
    const figure = figures.of({ peer, case: bars.case, cpus }, field);
    return figure ? [{ peer, value: figure.middle / scale }] : [];
  });
  const ours = values.find(({ peer }) => standingOf(peer) === 'ours');
  if (!ours) return undefined;
  const more = field === 'rate';
  values.sort((a, b) => (more ? b.value - a.value : a.value - b.value));
  const logarithmic = Math.max(...values.map(({ value }) => value)) / ours.value > MOST_TIMES;
  const start = logarithmic ? startOf(values) : 0;
  const colours = THEMES[theme];
  const text = { color: colours.text, fontFamily: FONT };
  const present = STANDINGS.filter((standing) => values.some(({ peer }) => standingOf(peer) === standing));
  const where = `${unit}, ${cpus === 1 ? 'both processes on one CPU' : 'two CPUs'}`;
  const better = `${more ? 'more' : 'less'} is better${logarithmic ? '; logarithmic scale' : ''}`;

  return {
    width: WIDTH,
    height: ABOVE + BELOW + BAR * values.length,
    option: {
      animation: false,
      textStyle: text,
      title: titleOf(title, `${where}; ${better}`, colours),
      legend: {
        selectedMode: false,
        data: present.map((standing) => NAMES[standing]),
        left: 0,
        top: 42,
        padding: 0,
        itemWidth: 10,
        itemHeight: 10,
        itemGap: 16,
        textStyle: { ...text, fontSize: 11 },
      },
      grid: { left: 138, right: 68, top: ABOVE - 6, bottom: BELOW },
      xAxis: {
        type: logarithmic ? 'log' : 'value',
        min: start,
        // Where bars begin: without it at 1, if the axis has that.
        startValue: start,
        splitNumber: 4,
        axisLabel: { show: false },
        splitLine: { lineStyle: { color: colours.line, width: 0.5 } },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: values.map(({ peer }) => shortTitleOf(peer)),
        axisTick: { show: false },
        axisLine: { lineStyle: { color: colours.line } },
        axisLabel: {
          fontFamily: FONT,
          fontSize: 11,
          margin: 6,
          interval: 0,
          color: (name) => (name === 'nearcall' ? colours.ours : colours.text),
        },
      },
      series: present.map((standing) => ({
        type: 'bar',
        silent: true,
        name: NAMES[standing],
        // Each bar is in the series of its standing, which together make one column: a stack has no logarithm.
        barGap: '-100%',
        barWidth: 12,
        itemStyle: styleOf(standing, colours),
        label: {
          ...text,
          show: true,
          position: 'right',
          distance: 4,
          fontSize: 11,
          fontWeight: standing === 'ours' ? 700 : 400,
          formatter: ({ value }) => shown(value),
        },
        data: values.map(({ peer, value }) => (standingOf(peer) === standing ? value : null)),
      })),
    },
  };
}

/** Such that the shortest bar is still one. */
function startOf(values) {
  return 10 ** Math.floor(Math.log10(Math.min(...values.map(({ value }) => value)) / 1.5));
}

/** Floors are outlines: they are told apart without colours as well. */
function styleOf(standing, colours) {
  if (standing !== 'floor') return { color: colours[standing] };
  return { color: 'transparent', borderColor: colours.floor, borderWidth: 1, borderType: [3, 2] };
}

function shown(value) {
  const digits = value < 100 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 0 };
  return new Intl.NumberFormat('en', digits).format(value < 100 ? value : Number(value.toPrecision(3)));
}
