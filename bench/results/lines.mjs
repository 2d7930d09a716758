import { FONT, THEMES, titleOf } from './theme.mjs';

const WIDTH = 430;
const HEIGHT = 300;
const MARKS = ['circle', 'rect', 'triangle', 'diamond', 'emptyCircle', 'emptyRect'];

/** A chart of how a cost grows, for the library that draws it. Ours is the first line. */
export function linesOf({ title, x, y, log, lines }, theme) {
  const colours = THEMES[theme];
  const palette = [colours.ours, colours.rival, colours.floor, colours.other, colours.text, colours.faint];
  const text = { color: colours.text, fontFamily: FONT };
  const axis = (logarithmic, { label, unit }, extra) => ({
    type: logarithmic ? 'log' : 'value',
    name: unit ? `${label} (${unit})` : label,
    nameTextStyle: { ...text, color: colours.faint, fontSize: 11 },
    axisLine: { show: true, lineStyle: { color: colours.line } },
    axisLabel: { ...text, fontSize: 11, hideOverlap: true, formatter: shortly },
    splitLine: { lineStyle: { color: colours.line, width: 0.5 } },
    ...extra,
  });
  const both = [log?.x && 'x', log?.y && 'y'].filter(Boolean);
  const scale = both.length > 0 ? `; logarithmic ${both.join(' and ')}` : '';

  return {
    width: WIDTH,
    height: HEIGHT,
    option: {
      animation: false,
      textStyle: text,
      color: palette,
      title: titleOf(title, `${y.unit ? `${y.label}, ${y.unit}` : y.label}; less is better${scale}`, colours),
      legend: {
        selectedMode: false,
        left: 0,
        top: 40,
        padding: 0,
        itemWidth: 18,
        itemHeight: 8,
        itemGap: 16,
        textStyle: { ...text, fontSize: 11 },
      },
      grid: { left: 46, right: 16, top: 84, bottom: 42 },
      xAxis: axis(log?.x, x, { nameLocation: 'middle', nameGap: 24 }),
      yAxis: axis(log?.y, { label: '' }, log?.y ? {} : { min: 0 }),
      series: lines.map(({ name, points }, i) => ({
        type: 'line',
        silent: true,
        name,
        symbol: MARKS[i % MARKS.length],
        symbolSize: 6,
        lineStyle: { width: i === 0 ? 2.5 : 1.5 },
        data: points.map((point) => [point.x, point.y]),
      })),
    },
  };
}

/** 65536 takes more room than an axis has. */
function shortly(value) {
  if (value >= 2 ** 20 && value % 2 ** 20 === 0) return `${value / 2 ** 20}Mi`;
  if (value >= 1e6) return `${value / 1e6}M`;
  if (value >= 1000) return `${value / 1000}k`;
  return String(value);
}
