// @ts-check
// Runs train.mjs in some Node and reads what it prints.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./train.mjs', import.meta.url));

/**
 * @param {string[]} command How that Node is started, e.g. `['node']` or `['qemu-aarch64', '-L', …, 'node']`.
 * @param {{ net: string, steps: number, batch: number }} run
 * @param {number[]} threads
 * @param {'auto' | 128 | 256} vectors
 * @returns {Promise<{ node: string, arch: string, threads: number, sha256: string }[]>}
 */
export async function hashesInNode([file, ...before], { net, steps, batch }, threads, vectors = 'auto') {
  const what = ['--net', net, '--steps', steps, '--batch', batch];
  const args = [...what, '--threads', threads.join(), '--vectors', vectors].map(String);
  const child = spawn(file, [...before, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (status !== 0) throw new Error(`exit status ${status}: ${errors.trim()}`);
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
