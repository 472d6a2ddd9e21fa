/** What keeps a browser from wider vectors, in words. */
export function obstacle(): string | undefined {
  return 'the flag that brings them can be set in Node only';
}

export function isSwitchedOn(): boolean {
  return false;
}

export function switchPass(_on: boolean): void {}
