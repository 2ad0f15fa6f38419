/** Reading what comes in untyped. */
import type { Json } from './types.ts';

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const asJson = (value: unknown): Json => (isJson(value) ? value : {});

export const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

export const asList = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isJson) : []);

/** Forms carry flags as text. */
export const asFlag = (value: unknown): boolean => value === true || value === 'true' || value === '1';

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const refuse = (error: string, more: Json = {}): Json => ({ ok: false, error, ...more });
