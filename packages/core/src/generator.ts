/** Placeholder signature while the packages are laid out. */
export class Generator {
  constructor(readonly seed: number) {}
}
