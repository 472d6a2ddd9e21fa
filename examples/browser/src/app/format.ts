/** `0.9912` as `99.12%`. */
export function percent(value: number, digits = 2): string {
  return `${(value * 100).toFixed(digits)}%`;
}

/** Seconds as `1:05`, or `42.3 s` below a minute. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return `${minutes}:${String(whole % 60).padStart(2, '0')} min`;
}

/** A learning rate with two digits that count: `0.0021`, `1.3e-5`. */
export function rate(value: number): string {
  if (value === 0) return '0';
  return value >= 1e-4 ? String(Number(value.toPrecision(2))) : value.toExponential(1);
}

export function count(value: number): string {
  return value.toLocaleString('en');
}

/** Bytes as `9.9 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
