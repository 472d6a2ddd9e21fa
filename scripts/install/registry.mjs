// @ts-check
// A registry of npm packages on this machine, which hands out ours and asks the one that npm is set up with for others.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { installedPackage } from '../lib/from-npm.mjs';

/** One that starts on Node 20. What it depends on asks for a tag of node-fetch, which not every registry keeps. */
const verdaccio = () => installedPackage('verdaccio', '6.5.2', { 'node-fetch': '^2.7.0' });

/**
 * Starts Verdaccio on a free port of the loopback device.
 *
 * @param {string} folder Where it keeps its packages; the caller removes it.
 * @returns {Promise<{ url: string, stop(): Promise<void> }>}
 */
export async function startRegistry(folder) {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const config = {
    storage: join(folder, 'storage'),
    auth: { htpasswd: { file: join(folder, 'htpasswd'), max_users: -1 } },
    uplinks: { upstream: { url: npmRegistry(), maxage: '1h', timeout: '120s', max_fails: 20 } },
    packages: {
      '@mnist-kit/*': { access: '$all', publish: '$all' },
      '**': { access: '$all', proxy: 'upstream' },
    },
    max_body_size: '100mb',
    web: { enable: false },
    log: { type: 'file', path: join(folder, 'verdaccio.log'), format: 'pretty', level: 'warn' },
  };
  const file = join(folder, 'config.yaml');
  // Verdaccio reads YAML, which JSON is.
  writeFileSync(file, JSON.stringify(config));
  const program = join(verdaccio(), 'bin', 'verdaccio');
  const server = spawn(process.execPath, [program, '--config', file, '--listen', `127.0.0.1:${port}`], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  await answers(url, server);
  return {
    url,
    async stop() {
      server.kill();
      await ended;
    },
  };
}

/** Where npm gets packages on this machine. */
function npmRegistry() {
  const { stdout } = spawnSync('npm', ['config', 'get', 'registry'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  return stdout.trim();
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(address.port));
    });
  });
}

/**
 * Waits until the registry answers.
 *
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} server
 */
async function answers(url, server) {
  for (let tries = 0; tries < 600; tries++) {
    if (server.exitCode !== null) throw new Error(`Verdaccio ended with ${server.exitCode}`);
    const ok = await fetch(`${url}-/ping`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  server.kill();
  throw new Error('Verdaccio does not answer');
}
