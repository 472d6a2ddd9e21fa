// The pages of the site that people wrote: docs, the README of each package and example, and what those link to.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, posix } from 'node:path';
import { packages, root } from '../lib/workspace.mjs';

const LANGUAGES = { '.ts': 'ts', '.mjs': 'js', '.json': 'json', '.py': 'python' };
const IMAGES = new Set(['.png', '.svg', '.jpg', '.gif']);

/** A file of the repository -> the page that shows it, both without a leading slash. */
function pageOf(file) {
  if (file === 'README.md' || file === 'docs/index.md') return 'index.md';
  if (file.startsWith('docs/')) return file.slice('docs/'.length);
  if (basename(file) === 'README.md') return `${dirname(file)}.md`;
  if (extname(file) === '.md') return file.toLowerCase();
  return `source/${file}.md`;
}

/**
 * Writes the pages into `folder`.
 *
 * Links stay as they work in the repository; here each is made one to the page of what it leads to, and a file that
 * a page links to becomes a page itself.
 */
export function writePages(folder) {
  const written = new Set();
  const waiting = ['docs/index.md', 'CONTRIBUTING.md'];
  for (const name of readdirSync(join(root, 'docs'))) if (name.endsWith('.md')) waiting.push(`docs/${name}`);
  for (const name of packages) waiting.push(`packages/${name}/README.md`);

  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const page = pageOf(file);
    if (written.has(page)) continue;
    written.add(page);
    // The home page has the README's program and figures, and stands for it.
    const shown = file === 'README.md' ? 'docs/index.md' : file;
    const text = extname(shown) === '.md' ? guidePage(shown, folder, waiting) : sourcePage(shown, waiting);
    const path = join(folder, page);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/** A file that is no Markdown; of a folder, its files. */
function sourcePage(file, waiting) {
  const path = join(root, file);
  if (statSync(path).isDirectory()) {
    const files = readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${file}/${entry.name}`);
    waiting.push(...files);
    const list = files.map((name) => `- [${basename(name)}](/${pageOf(name)})`);
    return `# ${file}\n\n${list.join('\n')}\n`;
  }
  const content = readFileSync(path, 'utf8');
  const fence = '`````';
  return `---\nsearch: false\n---\n\n# ${basename(file)}\n\n\`${file}\`\n\n${fence}${LANGUAGES[extname(file)] ?? ''}\n${content}\n${fence}\n`;
}

/** The parts of the README that another page may show, so that each stands in one place. */
const PARTS = {
  'first program': /^```ts\n[\s\S]*?^```$/m,
  'table under Measured': /(?<=^## Measured\n[\s\S]*?)^\|[\s\S]*?(?=\n\n)/m,
};

/** `<!-- README: first program -->` becomes that part. */
function withParts(file) {
  return readFileSync(join(root, file), 'utf8').replaceAll(/^<!-- README: (.*) -->$/gm, (_, name) => {
    const part = PARTS[name]?.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[0];
    if (part === undefined) throw new Error(`${file} shows the README's ${name}, which is not there`);
    return rebase(part, '..');
  });
}

/** Text of the README, as it must read in a folder from which `prefix` leads to the root. */
const rebase = (text, prefix) =>
  mapLinks(text, (href) => (isOutside(href) || href.startsWith('#') ? href : posix.join(prefix, href)));

const isOutside = (href) => /^[a-z]+:/.test(href);

/** A page of Markdown as the site needs it. */
function guidePage(file, folder, waiting) {
  return mapLinks(withParts(file), (href) => {
    if (isOutside(href) || href.startsWith('#')) return href;
    const [path, anchor] = href.split('#');
    const target = targetOf(file, path);
    if (IMAGES.has(extname(target))) {
      const copy = join(folder, 'public', target);
      mkdirSync(dirname(copy), { recursive: true });
      cpSync(join(root, target), copy);
      return `/${target}`;
    }
    waiting.push(target);
    return `/${pageOf(target)}${anchor === undefined ? '' : `#${anchor}`}`;
  });
}

/** The file that a relative link of `file` leads to; that of a folder is its README. */
function targetOf(file, path) {
  const target = posix.join(posix.dirname(file), path).replace(/\/$/, '');
  const absolute = join(root, target);
  if (target.startsWith('..') || !existsSync(absolute))
    throw new Error(`${file} links to ${path}, which does not exist`);
  if (!statSync(absolute).isDirectory()) return target;
  const readme = `${target}/README.md`;
  return existsSync(join(root, readme)) ? readme : target;
}

/** Markdown with `change` made to the target of every link and image, but not to what is code. */
function mapLinks(text, change) {
  const code = /^(`{3,})[^\n]*\n[\s\S]*?^\1`*$|(`+)[^`][\s\S]*?\2/gm;
  const link = /(\]\()([^()\s]+)((?:\s+"[^"]*")?\))/g;
  const changed = (prose) =>
    prose.replaceAll(link, (_, open, href, close) => `${open}${change(href)}${close}`);
  let result = '';
  let end = 0;
  for (const match of text.matchAll(code)) {
    result += changed(text.slice(end, match.index)) + match[0];
    end = match.index + match[0].length;
  }
  return result + changed(text.slice(end));
}
