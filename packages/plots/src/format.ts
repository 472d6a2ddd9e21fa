/** `0.9788` as `97.88%`. */
export function formatPercent(fraction: number, digits = 2): string {
  return Number.isFinite(fraction) ? `${(fraction * 100).toFixed(digits)}%` : formatNumber(fraction);
}

/** Four significant digits for what is measured, thousands separators for whole numbers, `NaN` as it is. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  if (Number.isInteger(value)) return group(value);
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return shortExponent(value.toExponential(3));
  if (size >= 1000) return group(Math.round(value));
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 4);
}

/** A learning rate or another power of ten as people write it: `0.05`, `1e-3`, `1.25e-5`. */
export function formatRate(value: number): string {
  if (!Number.isFinite(value) || value === 0) return formatNumber(value);
  const rounded = Number(value.toPrecision(4));
  const size = Math.abs(rounded);
  return size >= 0.01 && size < 1e6 ? String(rounded) : shortExponent(rounded.toExponential());
}

/** Seconds as `48.2 s`, `9 min 58 s` or `1 h 04 min`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return formatNumber(seconds);
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** `valAccuracyClean` as `Validation accuracy clean`: the heading of a metric. */
export function metricTitle(key: string): string {
  const known = titles[key];
  if (known !== undefined) return known;
  const words = key
    .replace(/_/g, ' ')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/\bval\b/g, 'validation')
    .replace(/\btrain\b/g, 'training')
    .replace(/\s+/g, ' ')
    .trim();
  return words === '' ? key : words[0].toUpperCase() + words.slice(1);
}

const titles: Record<string, string> = {
  epoch: 'Epoch',
  lr: 'Learning rate',
  seconds: 'Time',
  itPerSecond: 'Steps per second',
};

function group(value: number): string {
  return String(value)
    .replace('-', '−')
    .replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

function shortExponent(text: string): string {
  return text.replace('e+', 'e').replace(/^-/, '−');
}
