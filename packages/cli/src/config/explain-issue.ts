import { closestName } from '@mnist-kit/core';
import type { z } from 'zod';
import { configSchema } from './schema.js';

/** One thing that is wrong with a config, for people. */
export interface Problem {
  /** The field: `optimizer.lr`; empty for the whole. */
  readonly field: string;
  /** What would be right, and what was received. */
  readonly message: string;
}

/** What an issue of the schema says, in the words of the other packages' errors. */
export function explainIssue(issue: z.core.$ZodIssue): Problem[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      field: [...path, key].join('.'),
      message: unknownKey(key, knownKeys(issue.path, issue.input)),
    }));
  const inner = issue.code === 'invalid_union' ? innermost(issue) : undefined;
  if (inner !== undefined)
    return explainIssue({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue);
  const isKind = issue.code === 'invalid_union' && issue.discriminator !== undefined;
  const value = isKind ? kindOf(issue.input) : issue.input;
  return [{ field: path.join('.'), message: `must be ${expected(issue)}. Received: ${show(value)}` }];
}

/** Of a union that all of its members refuse, what the member says that comes nearest: one that got further in. */
function innermost(issue: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue | undefined {
  const deep = issue.errors.flat().filter((one) => one.path.length > 0 || one.code === 'unrecognized_keys');
  return deep.find((one) => one.code !== 'invalid_type') ?? deep[0];
}

function kindOf(input: unknown): unknown {
  return typeof input === 'object' && input !== null && 'kind' in input ? input.kind : undefined;
}

function expected(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeName(issue.expected);
    case 'invalid_value':
      return oneOf(issue.values.map(show));
    case 'too_small':
      return bound(issue.origin, issue.inclusive ? 'at least' : 'above', issue.minimum);
    case 'too_big':
      return bound(issue.origin, issue.inclusive ? 'at most' : 'below', issue.maximum);
    case 'invalid_union': {
      const { options } = issue as { options?: readonly unknown[] };
      if (options !== undefined) return oneOf(options.map(show));
      return oneOf(issue.errors.flat().map((one) => expected(one)));
    }
    case 'invalid_format':
      return 'a name that is not empty';
    default:
      return issue.message;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object of fields',
  tuple: 'a list',
  null: 'null',
};

function typeName(type: string): string {
  return typeNames[type] ?? type;
}

function bound(origin: string, word: string, limit: number | bigint): string {
  if (origin === 'array') return `a list of ${word} ${limit}`;
  return `${origin === 'int' ? 'a whole number' : 'a number'} ${word} ${limit}`;
}

function oneOf(names: readonly string[]): string {
  const different = [...new Set(names)];
  return different.length === 1
    ? different[0]
    : `${different.slice(0, -1).join(', ')} or ${different.at(-1)}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  const meant = closestName(key, known);
  if (meant !== undefined) return `is not a field (did you mean \`${meant}\`?)`;
  return `is not a field; there are ${known.join(', ')}`;
}

/** For the end of a message. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** The fields that the schema knows at a place; of a part that has kinds, those of its kind. */
function knownKeys(path: readonly PropertyKey[], input: unknown): string[] {
  let places: z.core.$ZodType[] = [configSchema];
  for (const key of path) places = places.flatMap((place) => step(place, key));
  const kind = kindOf(input);
  const shapes = places.flatMap(objects).map((object) => object._zod.def.shape);
  const ofKind = shapes.filter((shape) => {
    const literal = shape.kind as z.core.$ZodLiteral | undefined;
    return kind === undefined || literal?._zod.def.values?.includes(kind as string);
  });
  return [...new Set((ofKind.length > 0 ? ofKind : shapes).flatMap((shape) => Object.keys(shape)))];
}

/** What lies under a key of a schema. */
function step(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType[] {
  if (typeof key === 'number') return lists(schema).map((list) => list._zod.def.element);
  return objects(schema).flatMap((object) => object._zod.def.shape[String(key)] ?? []);
}

function objects(schema: z.core.$ZodType): z.core.$ZodObject[] {
  return unwrap(schema).filter((one): one is z.core.$ZodObject => one._zod.def.type === 'object');
}

function lists(schema: z.core.$ZodType): z.core.$ZodArray[] {
  return unwrap(schema).filter((one): one is z.core.$ZodArray => one._zod.def.type === 'array');
}

/** A schema without what stands around it, or the members of a union. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  const { def } = schema._zod;
  if (def.type === 'default' || def.type === 'optional' || def.type === 'nullable')
    return unwrap((def as z.core.$ZodDefaultDef).innerType);
  if (def.type === 'union') return (def as z.core.$ZodUnionDef).options.flatMap(unwrap);
  return [schema];
}
