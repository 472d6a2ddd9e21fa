import { signal } from '@preact/signals';

/** Whether the page works without a network, for people. */
export const offline = signal('');

/**
 * Registers the service worker: it keeps the page for when there is no network, and adds the headers that threads need
 * where the host does not send them.
 *
 * @param untouched Whether the visitor has not done anything yet, so that loading the page once more costs nothing.
 */
export async function registerServiceWorker(untouched: () => boolean): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  try {
    await navigator.serviceWorker.register('service-worker.js', { scope: './' });
    await navigator.serviceWorker.ready;
    offline.value = 'Works without a network from now on.';
    if (!globalThis.crossOriginIsolated) becomeIsolated(untouched);
  } catch {
    // Forbidden, or not over https: the page works as long as there is a network.
  }
}

const TRIED = 'mnist-kit:isolated';

/** Comes through the service worker once, which sends the headers that make threads possible. */
function becomeIsolated(untouched: () => boolean): void {
  try {
    if (sessionStorage.getItem(TRIED) !== null || !untouched()) return;
    sessionStorage.setItem(TRIED, 'yes');
    location.reload();
  } catch {
    // Without storage a page could load itself for ever.
  }
}
