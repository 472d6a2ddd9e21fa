/** The benchmark, and the child processes that it starts. `--help` lists the options. */
const [first, second] = process.argv.slice(2);

// Imported when asked for: a child that is timed from its start must not load the command line's packages.
if (first === '--serve') {
  const { serve } = await import('./sessions/serve.js');
  await serve(second);
} else {
  const { main } = await import('./cli/main.js');
  await main(process.argv.slice(2));
}
