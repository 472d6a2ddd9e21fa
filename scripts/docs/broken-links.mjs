// Checks the built site as a reader's browser would: every link, and every heading that one names, must be there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} folder The built site.
 * @param {string} base The path at which it stands on its host.
 * @returns {string[]} Links that lead nowhere, one line each.
 */
export function brokenLinks(folder, base) {
  const pages = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.html'));
  const anchors = new Map();
  const anchorsOf = (file) => {
    if (!anchors.has(file)) {
      const html = readFileSync(join(folder, file), 'utf8');
      anchors.set(file, new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => decode(id))));
    }
    return anchors.get(file);
  };
  const linked = new Set(['index.html', '404.html']);
  const broken = pages.flatMap((page) => {
    const html = readFileSync(join(folder, page), 'utf8');
    const urls = new Set(
      [...html.matchAll(/<(?:a|img|script|link)\b[^>]*?\s(?:href|src)="([^"]*)"/g)].map(([, url]) =>
        decode(url),
      ),
    );
    return [...urls].flatMap((href) => {
      const url = new URL(href, `http://site${base}${page.replaceAll('\\', '/')}`);
      if (url.host !== 'site') return [];
      const path = decodeURIComponent(url.pathname).slice(base.length);
      const file = [path, `${path}.html`, join(path, 'index.html')].find(
        (name) => name !== '' && isFile(join(folder, name)),
      );
      if (!url.pathname.startsWith(base) || file === undefined)
        return [`${page} links to ${href}, which is not there`];
      if (file !== page) linked.add(file);
      const anchor = decodeURIComponent(url.hash.slice(1));
      if (anchor === '' || !file.endsWith('.html') || anchorsOf(file).has(anchor)) return [];
      return [`${page} links to ${href}; that page has no such heading`];
    });
  });
  const lost = pages.filter((page) => !linked.has(page)).map((page) => `no page links to ${page}`);
  return [...broken, ...lost];
}

const isFile = (path) => existsSync(path) && /\.\w+$/.test(path);

const decode = (text) => text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");
