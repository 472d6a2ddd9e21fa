import type { Draw } from './draw.js';

/** A moment of a process: so many lines of its output, and milliseconds, after its start. */
export interface Moment {
  readonly lines: number;
  readonly milliseconds: number;
}

/** What is done to a file; the path is picked from those that there are by then. */
export type Damage = 'delete' | 'truncate' | 'garbage' | 'overwrite';

type During =
  | { readonly kind: 'signals'; readonly signals: readonly NodeJS.Signals[]; readonly gap: number }
  /** Leaves so many bytes free on the disk, for a while or until the process has ended. */
  | { readonly kind: 'full disk'; readonly free: number; readonly milliseconds: number | null }
  /** A limit of the system on the process; `as` and `fsize` in bytes. */
  | { readonly kind: 'limit'; readonly of: 'fsize' | 'nofile' | 'as'; readonly at: number }
  | { readonly kind: 'clock'; readonly hours: number }
  | { readonly kind: 'worker terminated'; readonly which: number }
  | { readonly kind: 'stdout closed' }
  | { readonly kind: 'second process' };

type Always =
  | { readonly kind: 'heap limit'; readonly megabytes: number }
  | { readonly kind: 'worker fails'; readonly nth: number; readonly how: 'throw' | 'exit' | 'memory' }
  | { readonly kind: 'stdout full' };

type Files =
  | { readonly kind: 'folder removed' }
  | { readonly kind: 'read-only'; readonly folder: 'run' | 'checkpoints' | 'logs' }
  | { readonly kind: 'file damaged'; readonly damage: Damage; readonly pick: number; readonly word: number };

type Between = { readonly kind: 'file times'; readonly hours: number };

/** Something that is done to a process or its files: at a moment, or without one before it starts. */
export type Disturbance =
  | (During & { readonly moment: Moment })
  | (Always & { readonly moment?: undefined })
  | (Files & { readonly moment?: Moment })
  | (Between & { readonly moment?: undefined });

export type Kind = Disturbance['kind'];

/** What the machine lets us do. */
export interface Abilities {
  /** A small disk that can be filled. */
  readonly disk: boolean;
  /** Limits of the system can be set on a process. */
  readonly limits: boolean;
  /** Permissions of files hold for the processes: they do not for root. */
  readonly permissions: boolean;
}

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
const hours = [-8760, -25, -1, 1, 25, 8760];

type Maker = (draw: Draw) => Disturbance;

/** How each kind is drawn. */
const makers: Record<Kind, Maker> = {
  signals: (draw) => {
    const moment = momentOf(draw, 0);
    if (draw.chance(0.4)) return { kind: 'signals', signals: ['SIGKILL'], gap: 0, moment };
    const first = draw.pick(SIGNALS);
    const signals = draw.chance(0.3) ? [first, draw.pick([...SIGNALS, 'SIGKILL' as const])] : [first];
    return { kind: 'signals', signals, gap: draw.pick([0, 1, 5, 30]), moment };
  },
  'full disk': (draw) => ({
    kind: 'full disk',
    free: draw.pick([0, 0, 1_000, 5_000, 20_000, 60_000]),
    milliseconds: draw.pick([null, 20, 100]),
    moment: momentOf(draw, 0),
  }),
  limit: (draw) => {
    const of = draw.pick(['fsize', 'nofile', 'as'] as const);
    const at = {
      fsize: draw.pick([0, 500, 2_000, 8_000]),
      nofile: draw.integer(18, 26),
      as: 1e6 * draw.pick([1_500, 3_000, 8_000, 20_000]),
    }[of];
    return { kind: 'limit', of, at, moment: momentOf(draw, of === 'as' ? 0 : 1) };
  },
  clock: (draw) => ({ kind: 'clock', hours: draw.pick(hours), moment: momentOf(draw, 1) }),
  'worker terminated': (draw) => ({
    kind: 'worker terminated',
    which: draw.integer(0, 5),
    moment: momentOf(draw, 1),
  }),
  'stdout closed': (draw) => ({ kind: 'stdout closed', moment: momentOf(draw, 0) }),
  'second process': (draw) => ({ kind: 'second process', moment: momentOf(draw, 0) }),
  'heap limit': (draw) => ({ kind: 'heap limit', megabytes: draw.integer(6, 18) }),
  'worker fails': (draw) => ({
    kind: 'worker fails',
    nth: draw.integer(0, 3),
    how: draw.pick(['throw', 'exit', 'memory']),
  }),
  'stdout full': () => ({ kind: 'stdout full' }),
  'folder removed': (draw) => ({ kind: 'folder removed', moment: momentOrBefore(draw) }),
  'read-only': (draw) => ({
    kind: 'read-only',
    folder: draw.pick(['run', 'checkpoints', 'logs']),
    moment: momentOrBefore(draw),
  }),
  'file damaged': (draw) => ({
    kind: 'file damaged',
    damage: draw.pick(['delete', 'truncate', 'garbage', 'overwrite']),
    pick: draw.integer(0, 2 ** 31),
    word: draw.integer(0, 2 ** 31),
    moment: momentOrBefore(draw),
  }),
  'file times': (draw) => ({ kind: 'file times', hours: draw.pick(hours) }),
};

/** Kinds in the proportion in which they are drawn. */
const weights: Record<Kind, number> = {
  signals: 8,
  'full disk': 3,
  limit: 2,
  clock: 1,
  'worker terminated': 3,
  'stdout closed': 1,
  'second process': 2,
  'heap limit': 1,
  'worker fails': 1,
  'stdout full': 1,
  'folder removed': 2,
  'read-only': 2,
  'file damaged': 6,
  'file times': 1,
};

const kinds = Object.keys(weights) as Kind[];

/** What happens in one round: a list of processes, with what is done to each. */
export function drawChain(draw: Draw, abilities: Abilities): readonly (readonly Disturbance[])[] {
  const possible = kinds.filter((kind) => isPossible(kind, abilities));
  const lots = possible.flatMap((kind) => Array.from({ length: weights[kind] }, () => kind));
  return Array.from({ length: draw.integer(1, 4) }, () => {
    const count = draw.chance(0.25) ? 2 : 1;
    const drawn = Array.from({ length: count }, () => makers[draw.pick(lots)](draw));
    return drawn.length === 2 && drawn[0].kind === drawn[1].kind && drawn[0].kind !== 'file damaged'
      ? drawn.slice(1)
      : drawn;
  });
}

function isPossible(kind: Kind, { disk, limits, permissions }: Abilities): boolean {
  if (kind === 'full disk') return disk;
  if (kind === 'limit') return limits;
  return kind === 'read-only' ? permissions : true;
}

function momentOf(draw: Draw, least: number): Moment {
  // Some at the very start, where little has been said yet.
  const lines = draw.chance(0.15) ? least : draw.integer(Math.max(1, least), 30);
  return { lines, milliseconds: draw.pick([0, 0, 1, 3, 10, 40, ...(lines === 0 ? [200, 400, 600] : [])]) };
}

function momentOrBefore(draw: Draw): Moment | undefined {
  return draw.chance(0.5) ? undefined : momentOf(draw, 1);
}
