import type { Work } from '../works/work.js';

/** How to start a runner's child process for one work. */
export interface ChildCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Those that others are compared with. */
export type Peer = 'PyTorch' | 'onnxruntime';

/** Something that does a work: this project in one of its settings, or a peer. */
export interface Runner {
  /** `plan-2t`, `pytorch-nchw` */
  readonly name: string;
  /** The peer whose best the others are compared with; undefined for what is compared only. */
  readonly reference: Peer | undefined;
  readonly threads: number;
  /** Why it does not do a work, for people; undefined when it does. */
  refuses(work: Work): string | undefined;
  /** The child process that does `work` on the data in the folder `root`. */
  command(work: Work, root: string): ChildCommand;
}
