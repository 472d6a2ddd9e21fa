import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { findChromium, launchChromium } from '../../lib/chromium.mjs';
import { root } from '../programs.js';

/** Whether there is a browser. Without one its tests are skipped, and that is said. */
export const hasChromium = findChromium('tests in a browser');

/** Whether to go through every case, as `npm run test:browser` does, or through a sample. */
export const everyCase = process.env.BROWSER === 'all';

/** A name that leads to this machine, and is no secure context as `127.0.0.1` is. */
export const INSECURE_HOST = 'insecure.test';

export function launch(): Promise<Browser> {
  return launchChromium({ args: [`--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`] });
}

/** What of esbuild is used. */
interface Esbuild {
  build(options: object): Promise<{
    readonly warnings: readonly { readonly text: string }[];
    readonly outputFiles: readonly { readonly text: string }[];
  }>;
}

/** A program in one file. */
export interface Bundled {
  readonly code: string;
  readonly warnings: readonly string[];
}

/** Bundles a program as an app's bundler does: no plugin, nothing external. */
export async function bundle(source: string, options: object = {}): Promise<Bundled> {
  // Not a dependency of its own: the one that the build uses.
  const { resolve } = createRequire(createRequire(import.meta.url).resolve('tsup'));
  const { build } = (await import(pathToFileURL(resolve('esbuild')).href)) as Esbuild;
  const { warnings, outputFiles } = await build({
    stdin: { contents: source, resolveDir: root, loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
    ...options,
    write: false,
  });
  return { code: outputFiles.map(({ text }) => text).join('\n'), warnings: warnings.map(({ text }) => text) };
}

/** What a path of a test's server answers with. */
export type Answer = string | Uint8Array | ((request: IncomingMessage, response: ServerResponse) => void);

/** A server on this machine for a page and what it loads. */
export class TestServer {
  readonly answers = new Map<string, Answer>();
  /** Paths that were asked for. */
  readonly requests: string[] = [];
  readonly #headers: Readonly<Record<string, string>>;
  readonly #server: Server;

  private constructor(headers: Readonly<Record<string, string>>) {
    this.#headers = headers;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /** @param isolated Whether pages may share memory between threads. */
  static async start({ isolated = true } = {}): Promise<TestServer> {
    const isolation = {
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    };
    const server = new TestServer(isolated ? isolation : {});
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  get insecureUrl(): string {
    return `http://${INSECURE_HOST}:${this.#port}/`;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    this.requests.push(path);
    for (const [name, value] of Object.entries(this.#headers)) response.setHeader(name, value);
    const answer = this.answers.get(path);
    if (answer === undefined) {
      response.writeHead(404).end('no such file');
      return;
    }
    if (typeof answer === 'function') {
      answer(request, response);
      return;
    }
    const types: Record<string, string> = { js: 'text/javascript', html: 'text/html' };
    const ending = path === '/' ? 'html' : (path.split('.').pop() ?? '');
    response.setHeader('content-type', types[ending] ?? 'application/octet-stream');
    response.setHeader('content-length', Buffer.byteLength(answer));
    response.end(answer);
  }
}

export const emptyPage =
  '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>test</title>';
