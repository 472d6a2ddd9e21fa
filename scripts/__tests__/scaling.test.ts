import { expect, test } from 'vitest';
import { phasesOf } from '../scaling/phases.js';
import { simulate } from '../scaling/simulate.js';

/** What a watcher notes of `steps` steps of two phases: three items of 2 ms and 1 ms alone, two of 3 ms and 0.5 ms alone. */
function eventsOf(steps: number, lost: (event: number) => boolean = () => false): Float64Array {
  const events: number[] = [];
  let time = 0;
  const note = (counter: number, value: number) => {
    const unseen = lost(events.length / 4) ? 5 : 0.001;
    events.push(counter, value, time + (unseen > 1 ? 3 : 0), unseen);
  };
  for (let i = 0; i < steps; i++) {
    for (let item = 1; item <= 3; item++, time += 2) note(0, item);
    note(0, 0);
    time += 1;
    for (let item = 1; item <= 2; item++, time += 3) note(4, item);
    note(4, 0);
    time += 0.5;
  }
  return Float64Array.from(events);
}

const phases = [
  { items: [2, 2, 2], alone: 1 },
  { items: [3, 3], alone: 0.5 },
];

test('phases, their items and what one thread does alone come out of changed counters', () => {
  expect(phasesOf(eventsOf(5))).toEqual(phases);
});

test('changes that the watcher saw late because it was interrupted do not count', () => {
  expect(phasesOf(eventsOf(40, (event) => event % 5 === 0))).toEqual(phases);
});

test('threads share out items, wait for the slowest, and go on alone', () => {
  expect(simulate(phases, 1).step).toBe(13.5);
  const two = simulate(phases, 2);
  // 4 + 1 + 3 + 0.5, and one of two threads waits 2 ms in the first phase.
  expect(two.step).toBeCloseTo(8.5, 2);
  expect(two.waiting).toBe(1);
  expect(simulate(phases, 16).step).toBeCloseTo(6.5, 2);
});
