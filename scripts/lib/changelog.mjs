// @ts-check
// The text of CHANGELOG.md.

const intro = '# Changes\n\nAll packages of mnist-kit share one version.\n';

/** @type {Record<string, string>} */
const headings = { major: 'Breaking', minor: 'New', patch: 'Mended' };

/**
 * A changelog with one more section, above the older ones.
 *
 * @param {string} old The changelog so far; empty for the first section.
 * @param {string} version
 * @param {string} date `2026-11-25`.
 * @param {readonly { summary: string, releases: readonly { name: string, type: string }[] }[]} changesets
 * @returns {string}
 */
export function nextChangelog(old, version, date, changesets) {
  const parts = Object.entries(headings).flatMap(([type, heading]) => {
    const lines = changesets.filter((one) => highest(one.releases) === type).map(entry);
    return lines.length > 0 ? [`### ${heading}\n\n${lines.join('\n')}\n`] : [];
  });
  const older = old.startsWith(intro) ? old.slice(intro.length) : old;
  return `${intro}\n## ${version} (${date})\n\n${parts.join('\n')}${older}`;
}

/** @param {readonly { type: string }[]} releases */
const highest = (releases) => Object.keys(headings).find((type) => releases.some((one) => one.type === type));

/** One change: which packages, and what is different. @param {{ summary: string, releases: readonly { name: string, type: string }[] }} change */
function entry({ summary, releases }) {
  const names = releases
    .filter(({ type }) => type !== 'none')
    .map(({ name }) => name.replace('@mnist-kit/', ''));
  return `- **${names.join(', ')}**: ${summary.trim().replaceAll(/\s*\n\s*/g, ' ')}`;
}
