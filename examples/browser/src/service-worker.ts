/**
 * Keeps every file of the page for when there is no network, and adds the headers that let its threads share memory
 * (COOP, COEP) where the host cannot send them.
 */

interface Files {
  /** Changes with any of them. */
  readonly version: string;
  /** Relative to this script. */
  readonly paths: readonly string[];
}

/** Filled in by the build. */
declare const __FILES__: Files;

interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetched extends Extendable {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface Scope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: Extendable) => void): void;
  addEventListener(type: 'fetch', listener: (event: Fetched) => void): void;
}

const scope = self as unknown as Scope;
const files = __FILES__;
const PREFIX = 'mnist-kit page ';
const NAME = PREFIX + files.version;

scope.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(NAME);
      // Whole or not at all: a page of two versions would be none.
      await cache.addAll(files.paths.map((path) => new URL(path, scope.registration.scope).href));
      await scope.skipWaiting();
    })(),
  );
});

scope.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      const old = names.filter((name) => name.startsWith(PREFIX) && name !== NAME);
      await Promise.all(old.map((name) => caches.delete(name)));
      await scope.clients.claim();
    })(),
  );
});

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  event.respondWith(answer(request, url));
});

async function answer(request: Request, url: URL): Promise<Response> {
  const cache = await caches.open(NAME);
  const page = request.mode === 'navigate';
  const kept = await cache.match(page ? new URL('./', scope.registration.scope).href : url.href, {
    ignoreSearch: page,
  });
  return isolated(kept ?? (await fetch(request)));
}

/** The response with the headers that cross-origin isolation needs. */
function isolated(response: Response): Response {
  if (response.status === 0 || response.redirected) return response;
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  headers.set('Cross-Origin-Resource-Policy', 'same-origin');
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
