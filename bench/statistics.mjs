/** Undefined where there is nothing to take it of: not every case has every field. */
export function median(values) {
  if (values.includes(undefined)) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** From the lowest to the highest round, as a share of the median. */
export function spread(values) {
  if (values.includes(undefined)) return undefined;
  return (Math.max(...values) - Math.min(...values)) / median(values);
}
