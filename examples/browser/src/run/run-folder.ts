/** Folders of runs, such as `runs/a-1`, in the site's own file system; looked at from the page, which loads no Trainer. */
async function parentOf(path: string): Promise<{ folder: FileSystemDirectoryHandle; name: string }> {
  const [parent, name] = path.split('/');
  const root = await navigator.storage.getDirectory();
  return { folder: await root.getDirectoryHandle(parent), name };
}

/** The last weights of a run, a safetensors file; `undefined` where there are none. */
export async function readLastWeights(path: string): Promise<Uint8Array | undefined> {
  if (path === '') return undefined;
  try {
    const { folder, name } = await parentOf(path);
    const run = await folder.getDirectoryHandle(name);
    const file = await (await run.getFileHandle('last.safetensors')).getFile();
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    return undefined;
  }
}

/** Removes a run's folder, if there is one. */
export async function removeRunFolder(path: string): Promise<void> {
  if (path === '') return;
  try {
    const { folder, name } = await parentOf(path);
    await folder.removeEntry(name, { recursive: true });
  } catch {
    // There was none, or a worker still holds it: the next visit's run has a folder of its own.
  }
}
