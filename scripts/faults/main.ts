import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type FolderState, readFolder, writeFolder } from '../../packages/trainer/src/__tests__/power-cut.js';
import { attach, readLog, type SystemCall, start, traceAll } from './system-calls.js';

const { values } = parseArgs({ options: { every: { type: 'string', default: '1' } } });
const every = Number(values.every);
const script = join(dirname(fileURLToPath(import.meta.url)), 'child.mjs');
const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'faults-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));

let runs = 0;
/** A process that is to write to a folder of its own, which holds `state` before. */
async function prepare(state: FolderState, dir = join(root, `run-${runs++}`)) {
  writeFolder(dir, state);
  return { dir, waiting: await start(script, dir, `${dir}-warm-up`) };
}

/** What an earlier fit leaves. */
async function former(): Promise<FolderState> {
  const { dir, waiting } = await prepare(new Map());
  await waiting.run('fit');
  return readFolder(dir);
}

const before = await former();

/** What the kernel sees of a fit in which nothing fails, and how it ends. */
async function record(): Promise<{ calls: SystemCall[]; digest: string | undefined }> {
  const { dir, waiting } = await prepare(before);
  const log = `${dir}.log`;
  const strace = await attach(waiting.pid, log, traceAll);
  const report = await waiting.run('watch');
  await strace.ended;
  const calls = readLog(log, dir, waiting.pid);
  // A file that is opened to append to it may be there or not: that the kernel does not say beforehand.
  const isOpening = (operation: string) => /^(open|close) |^create (?!.*\.tmp)/.test(operation);
  const seen = calls
    .filter(({ failed }) => !failed)
    .map(({ kind, path }) => `${kind} ${path}`)
    .filter((operation) => !isOpening(operation));
  const believed = (report?.operations ?? [])
    .map((operation) => operation.replaceAll(String(waiting.pid), 'PID'))
    .filter((operation) => !isOpening(operation));
  for (let i = 0; i < Math.max(seen.length, believed.length); i++)
    if (seen[i] !== believed[i])
      throw new Error(`Call ${i}: the kernel saw ${seen[i]}, the watcher of the tests ${believed[i]}`);
  console.log(`${seen.length} changes of files, the same to the kernel and to the watcher of the tests`);
  return { calls, digest: report?.digest };
}

const { calls, digest } = await record();

const codes = (kind: string): string[] => {
  if (['create', 'open'].includes(kind)) return ['EMFILE', 'EIO'];
  return ['write', 'mkdir', 'sync', 'link', 'rename'].includes(kind) ? ['ENOSPC', 'EIO'] : ['EIO'];
};

interface Row {
  points: number;
  'fit failed': number;
  wrong: number;
}
const table: Record<string, Row> = {};
const failures: string[] = [];
const points = calls
  .filter(({ failed }) => !failed)
  .flatMap((call) => codes(call.kind).map((code) => ({ ...call, code })))
  .filter((_, i) => i % every === 0);

/** Whether a folder is as a whole fit leaves it; what is wrong otherwise. */
function problemIn(dir: string): string | undefined {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  const hidden = names.filter((name) => /(^|\/)\./.test(name));
  if (hidden.length > 0) return `left over: ${hidden.join(', ')}`;
  const contents = new Set([...readFolder(dir).values()].map((content) => content?.toString('base64')));
  const lost = [...before].filter(([, content]) => !contents.has(content?.toString('base64')));
  if (lost.length > 0) return `lost: ${lost.map(([path]) => path).join(', ')}`;
  const lines = readFileSync(join(dir, 'log.jsonl'), 'utf8').trimEnd().split('\n');
  if (lines.length !== 8) return `${lines.length} lines in the log`;
  return undefined;
}

async function tryPoint({ call, kind, path, nth, code }: (typeof points)[number]): Promise<void> {
  const { dir, waiting } = await prepare(before);
  const log = `${dir}.log`;
  const strace = await attach(waiting.pid, log, [
    ...['-e', `trace=${call}`, '-e', `inject=${call}:error=${code}:when=${nth}`],
    ...['-P', join(dir, path.replaceAll('PID', String(waiting.pid)))],
  ]);
  const report = await waiting.run('fit');
  await strace.ended;
  table[kind] ??= { points: 0, 'fit failed': 0, wrong: 0 };
  table[kind].points++;
  if (report?.error !== undefined) table[kind]['fit failed']++;
  const injected = readFileSync(log, 'utf8').includes('(INJECTED)');
  let problem: string | undefined;
  if (!injected) problem = 'the call did not come';
  else if (report === undefined) problem = 'the process ended without a word';
  else if (report.error?.typed === false) problem = `untyped: ${report.error.message}`;
  else {
    const next = await start(script, dir, `${dir}-warm-up`);
    const resumed = await next.run(report.steps > 0 ? 'resume' : 'fit');
    if (resumed?.digest !== digest)
      problem = `the next fit ends otherwise: ${JSON.stringify(resumed?.error)}`;
    else problem = problemIn(dir);
  }
  if (problem !== undefined) {
    table[kind].wrong++;
    failures.push(`${code} in ${call} ${nth} of ${path}: ${problem}`);
  }
  rmSync(dir, { recursive: true });
  rmSync(log);
}

const queue = [...points];
await Promise.all(
  Array.from({ length: 2 }, async () => {
    for (let point = queue.shift(); point !== undefined; point = queue.shift()) await tryPoint(point);
  }),
);
console.table(table);
for (const failure of failures) console.log(failure);
console.log(`${points.length} system calls made to fail, ${failures.length} failed`);
process.exit(failures.length === 0 ? 0 : 1);
