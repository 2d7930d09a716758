/** Undefined where there is nothing to take it of: not every case has every field. */
export function median(values) {
  if (values.includes(undefined)) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** From the lowest to the highest round, as a share of the median. One round has none. */
export function spread(values) {
  if (values.length < 2 || values.includes(undefined)) return undefined;
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

/** The value that this share of the sorted values does not exceed. */
export function quantile(sorted, share) {
  return sorted[Math.ceil(sorted.length * share) - 1];
}

/** Of the straight line that comes nearest to the points, by least squares. */
export function slope(points) {
  const mean = (at) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  const variance = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return covariance / variance;
}
