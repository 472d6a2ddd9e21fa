import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loggedSteps } from '../event-files.js';
import type { Damages } from './damage.js';
import { filesIn } from './folder.js';

/** Where one training leaves what it has. */
export interface Place {
  /** The run's folder: checkpoints, and logs in `logs`. */
  readonly run: string;
  /** Weights, moments, history: see children/train.mjs. */
  readonly out: string;
}

/** How a finished run differs from the one that nobody disturbed, but for times and what was destroyed. */
export function differences(whole: Place, place: Place, damages: Damages): string[] {
  const found: string[] = [];
  if (readFileSync(place.out, 'utf8') !== readFileSync(whole.out, 'utf8'))
    found.push(`results differ in ${differingKeys(whole.out, place.out).join(', ')}`);
  for (const name of filesIn(whole.run)) {
    if (/^checkpoints\/|^logs\/events\//.test(name) || damages.has(name)) continue;
    const path = join(place.run, name);
    if (!existsSync(path)) found.push(`${name} is missing`);
    else if (withoutTimes(name, path) !== withoutTimes(name, join(whole.run, name)))
      found.push(`${name} differs`);
  }
  found.push(...logDifferences(whole, place, damages));
  return found;
}

function logDifferences(whole: Place, place: Place, damages: Damages): string[] {
  const log = 'logs/log.jsonl';
  if (damages.has(log) && existsSync(join(place.run, log))) {
    // What is left of it must be right, and in order; what was damaged is no JSON any more.
    const expected = lines(withoutTimes(log, join(whole.run, log)));
    const rest = lines(withoutTimes(log, join(place.run, log)));
    let at = -1;
    for (const line of rest.filter(isJson)) {
      at = expected.indexOf(line, at + 1);
      if (at < 0) return [`${log} has a line that is wrong or twice: ${line}`];
    }
  }
  const events = 'logs/events';
  if (damages.hasIn(events)) return [];
  const expected = loggedSteps(join(whole.run, events), 'step/loss');
  const logged = loggedSteps(join(place.run, events), 'step/loss');
  return expected.join() === logged.join()
    ? []
    : [`TensorBoard shows steps ${logged} instead of ${expected}`];
}

const lines = (text: string) => text.split('\n').filter((line) => line !== '');
const TIMES = /"(seconds|itPerSecond)": ?[^,}\n]+,?/g;

/** The content of a file, without what a clock says. */
function withoutTimes(name: string, path: string): string {
  if (name.endsWith('.csv')) {
    const rows = readFileSync(path, 'utf8')
      .split('\n')
      .map((row) => row.split(','));
    const timed = rows[0].map((column) => column === 'seconds' || column === 'itPerSecond');
    return rows.map((row) => row.filter((_, i) => !timed[i]).join()).join('\n');
  }
  if (/\.jsonl?$/.test(name)) return readFileSync(path, 'utf8').replaceAll(TIMES, '');
  return readFileSync(path, 'latin1');
}

function differingKeys(a: string, b: string): string[] {
  const [left, right] = [a, b].map(
    (path) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>,
  );
  return Object.keys(left).filter((key) => JSON.stringify(left[key]) !== JSON.stringify(right[key]));
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line.replace(/,}$/, '}'));
    return true;
  } catch {
    return false;
  }
}
