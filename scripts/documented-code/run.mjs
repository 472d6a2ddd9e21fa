// Runs programs of the documentation, one after another in this process, each in a folder of its own.
//
//   node run.mjs FOLDER    reads FOLDER/programs.json, [{ name, file }], and writes FOLDER/outcomes.json
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatWithOptions } from 'node:util';

const folder = process.argv[2];
const LONGEST = 600_000;
const outcomes = [];
let printed = [];
const print = (...args) => printed.push(formatWithOptions({ breakLength: Infinity }, ...args));
Object.assign(console, { log: print, warn: print, error: print, info: print });
process.stdout.write = () => true;

for (const { name, file } of JSON.parse(readFileSync(join(folder, 'programs.json'), 'utf8'))) {
  const place = join(folder, 'places', file);
  mkdirSync(place, { recursive: true });
  cpSync(join(folder, 'files'), place, { recursive: true });
  process.chdir(place);
  printed = [];
  const started = process.cpuUsage();
  const outcome = { name, printed, error: undefined, seconds: 0 };
  let timer;
  try {
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`did not end within ${LONGEST / 1000} s`)), LONGEST);
    });
    await Promise.race([import(pathToFileURL(join(folder, file)).href), late]);
  } catch (error) {
    outcome.error = String(error?.stack ?? error);
  }
  clearTimeout(timer);
  const { user, system } = process.cpuUsage(started);
  outcome.seconds = (user + system) / 1e6;
  outcomes.push(outcome);
  for (const event of ['uncaughtException', 'SIGINT', 'SIGTERM']) process.removeAllListeners(event);
}
writeFileSync(join(folder, 'outcomes.json'), JSON.stringify(outcomes));
process.exit(0);
