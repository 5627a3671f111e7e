// JSON that keeps every digit of integers: those that a number cannot hold are a bigint.

import { parse as parseWhole, stringify as stringifyWhole } from "lossless-json";

/** A JSON value. Integers beyond 2^53 are a bigint. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

const LONG = /\d{16}/;
const INTEGER = /^-?\d+$/;

/** Reads a JSON text; an empty one is null. */
export function parse(text: string): unknown {
  if (text === "") {
    return null;
  }
  // Without a long number in it, the quick parser loses nothing.
  return LONG.test(text) ? parseWhole(text, undefined, whole) : JSON.parse(text);
}

function whole(text: string): number | bigint {
  const value = Number(text);
  return INTEGER.test(text) && !Number.isSafeInteger(value) ? BigInt(text) : value;
}

/** Writes a value as compact JSON; undefined is null. Throws a TypeError for what is no JSON. */
export function stringify(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (error) {
    if (error instanceof TypeError && error.message.includes("BigInt")) {
      return stringifyWhole(value) ?? "null";
    }
    throw error;
  }
}

/** Tells whether a value is an object with keys, and no list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
