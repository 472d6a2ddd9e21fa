import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { inFolder, runCli } from './run-cli.js';

const has = (shell: string) => spawnSync(shell, ['--version']).status === 0;
const scripts = new Map<string, string>();
beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish'])
    scripts.set(shell, (await runCli(['completion', shell])).stdout);
}, 60_000);

/** What bash offers for a command line whose last word is being typed. */
function bash(words: readonly string[], cwd: string): string[] {
  const program = `${scripts.get('bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }
_mnist_kit
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', program, 'bash', 'mnist-kit', ...words], {
    cwd,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describe.skipIf(!has('bash'))('bash', () => {
  test.each([
    [['tr'], ['train']],
    [['train', '--mod'], ['--model']],
    [
      ['train', '--model', ''],
      ['optimizedNet', 'improvedNet', 'conservativeImprovedNet'],
    ],
    [['train', '--model', '=', 'imp'], ['improvedNet']],
    [['train', '--json', '--engine', 'p'], ['plan']],
    [['train', '--epochs', ''], []],
    [['predict', '--ink', 'd'], ['dark']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    // Nothing of its own: bash completes files.
    [['predict', 'di'], []],
  ])('%j offers %j', (words, offered) => {
    expect(bash(words, '/')).toEqual(offered);
  });

  test('folders for what is a folder, also with a space in the name', async () => {
    await inFolder(async (folder) => {
      await mkdir(join(folder, 'my runs'));
      await writeFile(join(folder, 'my file'), '');
      expect(bash(['train', '--out', 'my'], folder)).toEqual(['my runs']);
      expect(bash(['report', 'my'], folder)).toEqual(['my runs']);
    });
  });
});

test.skipIf(!has('fish'))('fish offers commands, options with their descriptions, and values', () => {
  const offers = (line: string) =>
    spawnSync('fish', ['-c', `${scripts.get('fish')}\ncomplete -C ${JSON.stringify(line)}`], {
      encoding: 'utf8',
    }).stdout.trim();
  expect(offers('mnist-kit tr')).toMatch(/^train\tTrain a net/);
  expect(offers('mnist-kit train --engi')).toBe('--engine\twhat runs the net');
  expect(offers('mnist-kit train --engine p')).toMatch(/^plan\t/);
});

test.skipIf(!has('zsh'))('zsh reads its script', () => {
  const program = `autoload -Uz compinit && compinit -D -u\n${scripts.get('zsh')}\nwhence -w _mnist-kit; print -r -- $_comps[mnist-kit]`;
  const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', program], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).toBe('_mnist-kit: function\n_mnist-kit\n');
});
