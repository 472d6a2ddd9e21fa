/** Whether this browser lets the page keep files of its own: not every private window does. */
export async function canStore(): Promise<boolean> {
  try {
    await navigator.storage.getDirectory();
    return true;
  } catch {
    return false;
  }
}
