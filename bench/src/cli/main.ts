import { MnistKitError } from '@mnist-kit/core';
import { runCommand } from './options.js';

/** Exit code after a user's mistake. */
const USER_MISTAKE = 2;

/** The command line of the benchmark. */
export async function main(argv: readonly string[]): Promise<void> {
  // So that what runs when the process exits (children end, temporary files go) runs after these too.
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  try {
    await runCommand(argv, {
      bench: async (options) => (await import('./bench.js')).bench(options),
      table: async ({ file, ...how }) =>
        (await import('../report/document-tables.js')).documentTables(file, how),
      peers: async () => (await import('./peers.js')).installPeers(),
      fidelity: async (options) => (await import('../fidelity/fidelity.js')).fidelity(options),
    });
  } catch (error) {
    // The file system said no: a folder that is missing, full or not ours to write to.
    const refused = error instanceof Error && 'syscall' in error && 'path' in error;
    if (!refused && !(error instanceof MnistKitError)) throw error;
    console.error(`error: ${(error as Error).message}`);
    process.exitCode = USER_MISTAKE;
  }
}
