// @ts-check
// Are the types wrong? What TypeScript in each of its module modes would make of a tarball.
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { groupProblemsByKind } from '@arethetypeswrong/core/utils';

/**
 * @param {string} name Name of the package.
 * @param {Uint8Array} tarball
 * @returns {Promise<string[]>} The findings, one line each.
 */
export async function typeFindings(name, tarball) {
  const result = await checkPackage(createPackageFromTarballData(tarball));
  if (!result.types) return [`${name}: has no types`];
  return Object.entries(groupProblemsByKind(result.problems)).map(
    ([kind, problems]) => `${name}: ${kind} ${JSON.stringify(problems)}`,
  );
}
