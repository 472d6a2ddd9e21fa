import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('children/show-progress.mjs', import.meta.url));
const canTest = existsSync('/dev/full') && existsSync('/bin/bash');
const hasTerminals = canTest && spawnSync('script', ['--version']).status === 0;

/** Runs a fit that shows its progress; the program's exit code is the last line of stderr. */
function show(bar: object, where: string, more = ''): Promise<{ stdout: string; stderr: string }> {
  const command = `'${process.execPath}' '${program}' '${JSON.stringify(bar)}' ${more} ${where}`;
  return new Promise((resolve) => {
    execFile('/bin/bash', ['-c', `${command}; echo "code \${PIPESTATUS[0]}" >&2`], (_error, stdout, stderr) =>
      resolve({ stdout, stderr: stderr.replace(/^.*tensorflow.*$|^=+$/gim, '').trim() }),
    );
  });
}

/** The same on a terminal of some size; answers what the terminal was sent. */
function onTerminal(
  bar: object,
  { columns = 80, ...variables }: Record<string, string | number>,
): Promise<string> {
  const clean = { ...process.env, CI: undefined, NO_COLOR: undefined, TERM: 'xterm', ...variables };
  const env = Object.fromEntries(Object.entries(clean).filter(([, value]) => value !== undefined));
  const command = `stty cols ${columns}; '${process.execPath}' '${program}' '${JSON.stringify(bar)}' 2>/dev/null`;
  return new Promise((resolve) => {
    const child = execFile(
      'script',
      ['-qec', command, '/dev/null'],
      { env: env as NodeJS.ProcessEnv },
      (_e, out) => resolve(out),
    );
    child.stdin?.end();
  });
}

const ended = 'trained 2 epochs\ncode 0';

test.skipIf(!canTest).each(['> /dev/full', '| true', '>&-'])(
  'a fit with a bar on a stdout that is %s goes on',
  async (where) => {
    const outcomes = await Promise.all([show({}, where), show({ bar: true }, where)]);
    expect(outcomes.map(({ stderr }) => stderr)).toEqual([ended, ended]);
  },
);

test.skipIf(!canTest)("who listens for stdout's errors hears of them", async () => {
  expect((await show({ bar: true }, '| true', 'listen')).stderr).toMatch(
    /^(heard EPIPE\n)+trained 2 epochs\n(heard EPIPE\n)*code 0$/,
  );
});

test.skipIf(!canTest)('a bar that is asked for is printed as lines where there is no terminal', async () => {
  const { stdout } = await show({ bar: true }, '| cat');
  expect(stdout).toMatch(/^epoch 1\/2 .* \d\/4 \| .* it\/s \| loss /m);
  expect(stdout).not.toContain('\u001b');
  expect((await show({}, '| cat')).stdout).toMatch(/^epoch 1\/2: .*\nepoch 2\/2: .*\n$/);
});

test.skipIf(!hasTerminals)('a terminal gets a bar, which hides the cursor and shows it again', async () => {
  const drawn = await onTerminal({}, {});
  expect(drawn.lastIndexOf('\u001b[?25h')).toBeGreaterThan(drawn.lastIndexOf('\u001b[?25l'));
  expect(drawn).toMatch(/epoch 1\/2 .*\d\/4/);
});

test
  .skipIf(!hasTerminals)
  .each<Record<string, string | number>>([
    { TERM: 'dumb' },
    { NO_COLOR: '1' },
    { CI: 'true' },
    { columns: 20 },
    { columns: 0 },
  ])('a terminal with %o gets lines and no escape sequences', async (terminal) => {
  const drawn = await onTerminal([{}, { bar: true }], terminal);
  expect(drawn).not.toContain('\u001b');
  expect(drawn.match(/^epoch 2\/2: /gm)).toHaveLength(2);
});
