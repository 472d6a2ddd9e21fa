import type { EpochRecord } from '../history.js';

const shownElsewhere = new Set(['epoch', 'step', 'seconds', 'itPerSecond']);

/** One epoch for people: `epoch 3/20: trainLoss 0.1204, …, lr 0.001, 13.1 s, 30.2 it/s`. */
export function epochLine(record: EpochRecord, epochs: number): string {
  const values = Object.entries(record).flatMap(([key, value]) =>
    typeof value !== 'number' || shownElsewhere.has(key) ? [] : `${key} ${formatValue(key, value)}`,
  );
  const times = `${record.seconds.toFixed(1)} s, ${record.itPerSecond.toFixed(1)} it/s`;
  return `epoch ${record.epoch}/${epochs}: ${values.join(', ')}, ${times}`;
}

/** Accuracies in per cent, everything else with four digits. */
export function formatValue(key: string, value: number): string {
  if (/accuracy/i.test(key)) return `${(value * 100).toFixed(2)}%`;
  if (key === 'lr') return String(Number(value.toPrecision(4)));
  return Number.isInteger(value) ? String(value) : value.toFixed(4);
}

/** `8s`, `3m05s`, `1h02m`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}m${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}
