import type { AppError } from '../../src/errors.ts';
import { escapeLine } from '../../src/lib/escape-text.ts';
import type { Check } from '../../src/model/check.ts';

/** A line of the doctor about what could not be asked, or was refused. */
export function failedCheck(subject: string, error: AppError): Check {
  const check: Check = { subject, status: 'fail', detail: escapeLine(error.message) };
  return error.hint === undefined ? check : { ...check, fix: error.hint };
}
