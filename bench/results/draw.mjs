import { writeFileSync } from 'node:fs';
import { init } from 'echarts';
import { THEMES } from './theme.mjs';

/** A file for each theme. `chartOf` gives, for a theme, what is drawn. */
export function draw(folder, name, chartOf) {
  for (const theme of Object.keys(THEMES)) {
    const { width, height, option } = chartOf(theme);
    const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
    chart.setOption(option);
    writeFileSync(new URL(`${name}-${theme}.svg`, folder), `${chart.renderToSVGString()}\n`);
    chart.dispose();
  }
}
