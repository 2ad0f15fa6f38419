import { closest } from '../lib/edit-distance.ts';
import type { Redactor } from '../lib/redact.ts';
import { checkEnvironment } from './check-environment.ts';
import { allowedBy, type Problem, showValue, valueAt } from './problems.ts';
import { type Environment, environmentSchema, SECRET_VARIABLES } from './schema.ts';

export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

export interface ReadEnvironment {
  /** Null when there are problems. */
  environment: Environment | null;
  problems: readonly Problem[];
  warnings: readonly string[];
}

const SECRETS: ReadonlySet<string> = new Set(SECRET_VARIABLES);

/** Reads Airlock's variables; one that is empty counts as not set. Secrets are registered before anything else can fail. */
export function readEnvironment(variables: EnvironmentVariables, redactor: Redactor): ReadEnvironment {
  const known = Object.keys(environmentSchema.shape);
  const given: Record<string, string> = {};
  for (const name of known) {
    const value = variables[name]?.trim();
    if (value !== undefined && value !== '') given[name] = value;
  }
  for (const name of SECRET_VARIABLES) {
    const secret = given[name];
    if (secret !== undefined) redactor.register(secret);
  }

  const parsed = environmentSchema.safeParse(given);
  const problems = (parsed.error?.issues ?? []).map((issue): Problem => {
    const name = String(issue.path[0] ?? 'environment');
    const value = valueAt(given, issue.path.slice(0, 1));
    return {
      where: name,
      value: SECRETS.has(name) ? null : showValue(value),
      allowed: allowedBy(issue, value),
    };
  });
  const together = parsed.success ? checkEnvironment(parsed.data) : [];
  return {
    environment: together.length === 0 ? (parsed.data ?? null) : null,
    problems: uniqueByPlace([...problems, ...together]),
    warnings: unknownVariables(variables, known),
  };
}

/** A list with two wrong parts is one variable to mend. */
function uniqueByPlace(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [`${problem.where} ${problem.allowed}`, problem])).values()];
}

function unknownVariables(variables: EnvironmentVariables, known: readonly string[]): string[] {
  return Object.keys(variables)
    .filter((name) => name.startsWith('AIRLOCK_') && !known.includes(name))
    .map((name) => {
      const near = closest(name, known);
      return `${name} is no variable of Airlock and has no effect${near === null ? '' : `: did you mean ${near}?`}`;
    });
}
