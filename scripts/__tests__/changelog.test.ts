import { expect, test } from 'vitest';
import { nextChangelog } from '../lib/changelog.mjs';

const change = (type: string, summary: string, ...names: string[]) => ({
  summary,
  releases: names.map((name) => ({ name: `@mnist-kit/${name}`, type })),
});

test('a version tells what breaks, what is new and what is mended, and which packages it is in', () => {
  const text = nextChangelog('', '0.2.0', '2026-11-25', [
    change('patch', 'The bar fits\nnarrow terminals.', 'trainer'),
    change('minor', 'Lion.', 'optim', 'trainer'),
    change('major', 'Labels are int32.', 'datasets'),
  ]);
  expect(text).toBe(`# Changes

All packages of mnist-kit share one version.

## 0.2.0 (2026-11-25)

### Breaking

- **datasets**: Labels are int32.

### New

- **optim, trainer**: Lion.

### Mended

- **trainer**: The bar fits narrow terminals.
`);
});

test('the newest version stands above the older ones', () => {
  const first = nextChangelog('', '0.1.0', '2026-11-01', [change('minor', 'The first.', 'core')]);
  const second = nextChangelog(first, '0.1.1', '2026-11-25', [change('patch', 'The second.', 'core')]);
  expect(second.match(/^#.*/gm)).toEqual([
    '# Changes',
    '## 0.1.1 (2026-11-25)',
    '### Mended',
    '## 0.1.0 (2026-11-01)',
    '### New',
  ]);
  expect(second.endsWith(first.slice(first.indexOf('\n## 0.1.0')))).toBe(true);
});
