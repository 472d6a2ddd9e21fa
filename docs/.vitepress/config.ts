import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type DefaultTheme, defineConfig } from 'vitepress';

/** Where `npm run docs` has put the pages; see scripts/docs. */
const pages = fileURLToPath(new URL('../.site/pages', import.meta.url));

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" rx="1.5" fill="#3451b2"/>' +
  '<path d="M2 1.5h4v1.2L4.3 6.5H3.1L4.7 2.7H2z" fill="#fff"/></svg>';

const page = (text: string, link: string): DefaultTheme.SidebarItem => ({ text, link });

const guides: DefaultTheme.SidebarItem[] = [
  {
    text: 'Start',
    items: [
      page('First training', '/getting-started'),
      page('The command line', '/cli'),
      page('The notebook', '/notebook'),
    ],
  },
  {
    text: 'Training',
    items: [
      page('The Trainer', '/training'),
      page('Callbacks', '/callbacks'),
      page('Resuming', '/resuming'),
      page('Reproducibility', '/reproducibility'),
    ],
  },
  {
    text: 'Your own',
    items: [
      page('Data set', '/own-data'),
      page('Model', '/own-model'),
      page('Loss and metric', '/own-loss'),
      page('Optimizer and scheduler', '/own-optimizer'),
      page('Example: Fashion-MNIST', '/examples/custom-training'),
    ],
  },
  {
    text: 'Running',
    items: [
      page('Choosing an engine', '/choosing-an-engine'),
      page('Performance', '/performance'),
      page('How the engine works', '/engine'),
      page('Benchmarks', '/bench'),
      page('In a browser', '/browser'),
      page('Deployment', '/deployment'),
    ],
  },
  {
    text: 'Coming from',
    items: [page('PyTorch', '/coming-from-pytorch'), page('Keras, tfjs-layers', '/coming-from-keras')],
  },
  {
    text: 'Help',
    items: [page('Troubleshooting', '/troubleshooting'), page('Contributing', '/contributing')],
  },
];

const packages = [
  'core',
  'datasets',
  'models',
  'losses',
  'optim',
  'trainer',
  'engine',
  'plots',
  'layers',
  'onnx',
  'cli',
];

const api = JSON.parse(
  readFileSync(`${pages}/api/typedoc-sidebar.json`, 'utf8'),
) as DefaultTheme.SidebarItem[];

export default defineConfig({
  title: 'mnist-kit',
  description:
    'Train small convolutional networks in TypeScript, with nothing native to install and the same bits everywhere.',
  lang: 'en',
  // A digit's pixels, so that no browser asks for /favicon.ico.
  head: [
    ['link', { rel: 'icon', type: 'image/svg+xml', href: `data:image/svg+xml,${encodeURIComponent(icon)}` }],
  ],
  srcDir: '.site/pages',
  outDir: '.site/html',
  cacheDir: '.site/cache',
  cleanUrls: true,
  // The anchors that GitHub gives to headings, so that a link to one works in the repository and here.
  markdown: {
    anchor: {
      slugify: (text) =>
        text
          .trim()
          .toLowerCase()
          .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
          .replaceAll(' ', '-'),
    },
  },
  // The index of the search holds every page; it is loaded when somebody searches.
  vite: { build: { chunkSizeWarningLimit: 4000 } },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/getting-started', activeMatch: '^/(?!api/|packages/|$)' },
      { text: 'Packages', link: '/packages/trainer', activeMatch: '^/packages/' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
    ],
    sidebar: {
      '/': guides,
      '/packages/': [{ text: 'Packages', items: packages.map((name) => page(name, `/packages/${name}`)) }],
      '/api/': [{ text: 'API', link: '/api/', items: api }],
    },
    outline: { level: [2, 3] },
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          // Guides before the reference: a word of the first stands in many pages of the second.
          searchOptions: { boostDocument: (id: string) => (id.includes('/api/') ? 1 : 4) },
        },
      },
    },
    externalLinkIcon: true,
  },
});
