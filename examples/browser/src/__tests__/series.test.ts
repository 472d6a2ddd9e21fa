import { expect, test } from 'vitest';
import { Clock } from '../run/clock.js';
import { Series, Smoothed } from '../run/series.js';

test('a curve keeps its length, its ends and its mean however many points there are', () => {
  const series = new Series(100);
  for (let step = 1; step <= 10_000; step++) series.add(step, step);
  expect(series.steps.length).toBeLessThanOrEqual(100);
  expect(series.steps.at(-1)).toBe(10_000);
  expect(series.steps).toEqual([...series.steps].sort((a, b) => a - b));
  // Values are the means of the steps behind them.
  for (const [i, step] of series.steps.entries()) expect(step - series.values[i]).toBeLessThan(200);
});

test('what came behind a step is forgotten', () => {
  const series = new Series();
  for (let step = 10; step <= 50; step += 10) series.add(step, -step);
  series.cutAfter(30);
  expect(series.toJSON()).toEqual({ steps: [10, 20, 30], values: [-10, -20, -30] });
  series.cutAfter(5);
  expect(series.last).toBeUndefined();
});

test('smoothing goes by steps: ten merged ones count as ten', () => {
  const one = new Smoothed(20);
  const many = new Smoothed(20);
  one.add(1, 0);
  many.add(1, 0);
  for (let step = 2; step <= 11; step++) many.add(step, 1);
  expect(one.add(11, 1)).toBeCloseTo(many.add(12, 1), 1);
});

test('the clock leaves pauses out', () => {
  const clock = new Clock();
  clock.start(0);
  for (let step = 1; step <= 10; step++) clock.mark(step * 100, step);
  expect(clock.seconds).toBeCloseTo(1);
  expect(clock.itPerSecond).toBeCloseTo(10);
  clock.stop();
  clock.start(60_000);
  clock.mark(60_100, 11);
  expect(clock.seconds).toBeCloseTo(1.1);
});
