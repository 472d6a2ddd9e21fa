/** What a command is given besides its options. */
export interface Terminal {
  /** A line for people: on stdout, or on stderr where `--json` keeps stdout for itself. */
  print(line: string): void;
  /** Whether stdout is for one line of JSON. */
  readonly json: boolean;
}

/** What a command comes to. */
export interface CommandResult {
  /** What `--json` prints. */
  readonly result: object;
  /** Exit code. Default 0. */
  readonly code?: number;
}
