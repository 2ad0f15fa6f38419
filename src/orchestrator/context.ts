import type { AgentManager } from '../agents/types.ts';
import type { PolicySource } from '../config/policy-source.ts';
import type { Environment } from '../config/schema.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { PrincipalId } from '../model/principal.ts';
import type { SkillRegistry } from '../skills/skill.ts';
import type { Store } from '../store/store.ts';
import type { People } from './people.ts';
import type { Classify } from './policy.ts';

export interface OrchestratorDeps {
  store: Store;
  agents: AgentManager;
  policy: PolicySource;
  people: People;
  skills: SkillRegistry;
  /**
   * Those of `groups` that somebody is in now, by an answer of the platform that is a few minutes old at most; null when it gives none.
   * Default: nobody can be asked.
   */
  stillIn?: (principal: PrincipalId, groups: readonly string[]) => Promise<readonly string[] | null>;
  /** Defaults of a command's timeout and of an extension. */
  environment: Pick<Environment, 'AIRLOCK_EXEC_TIMEOUT' | 'AIRLOCK_TIME_TO_LIVE'>;
  clock: Clock;
  log: Logger;
  nodeId: string;
}

/** What every operation of this room works with. */
export interface OrchestratorContext extends OrchestratorDeps {
  classify: Classify;
}
