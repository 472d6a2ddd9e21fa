import { z } from 'zod';

/** Kinds of numbers that settings are. */
export const positive = z.number().positive();
export const nonNegative = z.number().nonnegative();
export const count = z.int().positive();
export const share = z.number().min(0).max(1);
/** A share that is not all. */
export const rate = z.number().min(0).lt(1);
export const seed = z.int().min(0).max(0xffffffff);
export const pair = z.tuple([z.number(), z.number()]);
export const path = z.string().regex(/\S/, 'must be a path');
