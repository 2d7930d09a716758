/** The colours of GitHub's own pages, light and dark, so that a chart without a background stands well on both. */
export const THEMES = {
  light: {
    text: '#1f2328',
    faint: '#59636e',
    line: '#d1d9e0',
    ours: '#0969da',
    rival: '#bf5b00',
    other: '#d9a05b',
    floor: '#8c959f',
  },
  dark: {
    text: '#f0f6fc',
    faint: '#9198a1',
    line: '#3d444d',
    ours: '#4493f8',
    rival: '#e08a3c',
    other: '#8a6236',
    floor: '#6e7681',
  },
};

// Without quotes: they would end the attribute that the library writes it into.
export const FONT = 'system-ui, -apple-system, Helvetica, Arial, sans-serif';

/** What stands above a chart. */
export function titleOf(text, subtext, colours) {
  return {
    text,
    subtext,
    left: 0,
    top: 0,
    padding: 0,
    itemGap: 4,
    textStyle: { color: colours.text, fontFamily: FONT, fontSize: 14, fontWeight: 600 },
    subtextStyle: { fontFamily: FONT, color: colours.faint, fontSize: 11 },
  };
}
