// @ts-check
// Checks that what a package's package.json promises is there and loads the way it says.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderOf, packages } from './workspace.mjs';

/** @returns {Promise<string[]>} The findings, one line each. */
export async function lintPackages() {
  const [{ publint }, { formatMessage }] = await Promise.all([import('publint'), import('publint/utils')]);
  const findings = [];
  for (const name of packages) {
    const pkgDir = folderOf(name);
    const pkg = JSON.parse(readFileSync(join(pkgDir, 'package.json'), 'utf8'));
    const { messages } = await publint({ pkgDir, strict: true, pack: false });
    for (const message of messages) {
      findings.push(`${pkg.name}: ${message.type}: ${formatMessage(message, pkg, { color: false })}`);
    }
  }
  return findings;
}
