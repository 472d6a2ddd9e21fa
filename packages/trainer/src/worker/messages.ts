import type { PlainError } from './plain-error.js';
import type { WorkerTrainingEvent } from './training-event.js';

/** Marks a message as one of these, so that a program may send others through the same worker. */
const MARK = 'mnist-kit training 1';

/** From the page to the worker. */
export type ToHost =
  /** Is anybody there? Answered by `ready`. */
  | { readonly kind: 'hello' }
  | { readonly kind: 'fit'; readonly fit: number; readonly settings: unknown }
  | { readonly kind: 'pause' | 'resume'; readonly fit: number }
  | { readonly kind: 'abort'; readonly fit: number; readonly reason: string | undefined }
  /** The reader has taken the events that were sent last. */
  | { readonly kind: 'more'; readonly fit: number }
  | { readonly kind: 'call'; readonly call: number; readonly name: string; readonly argument: unknown };

/** An event as it travels: with an error as plain data. */
export type SentEvent =
  | Exclude<WorkerTrainingEvent, { type: 'error' }>
  | { readonly type: 'error'; readonly error: PlainError };

/** From the worker to the page. */
export type ToClient =
  /** `lock` is held for as long as the worker lives; empty where there are no locks. */
  | { readonly kind: 'ready'; readonly lock: string }
  /** Not more of them before the client's `more`, but for the last ones of a fit. */
  | { readonly kind: 'events'; readonly fit: number; readonly events: readonly SentEvent[] }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly call: number; readonly error: PlainError };

/** What is posted. */
export interface Envelope<Message> {
  readonly mark: string;
  readonly message: Message;
}

export const wrap = <Message>(message: Message): Envelope<Message> => ({ mark: MARK, message });

/** The message inside; undefined for what is none of ours. */
export function unwrap<Message>(data: unknown): Message | undefined {
  const { mark, message } = (data ?? {}) as Partial<Envelope<Message>>;
  return mark === MARK ? message : undefined;
}
