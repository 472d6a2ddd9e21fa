import { z } from 'zod';
import { configSchema } from './schema.js';

/**
 * The JSON schema of config files, for editors; `schema.json` of the package is this.
 *
 * @returns A schema of draft 7, which editors know best.
 *
 * @example
 * ```ts
 * import { configJsonSchema } from '@mnist-kit/cli';
 *
 * console.log(JSON.stringify(configJsonSchema(), null, 2));
 * ```
 */
export function configJsonSchema(): object {
  return { title: 'mnist-kit training', ...z.toJSONSchema(configSchema, { target: 'draft-7', io: 'input' }) };
}
