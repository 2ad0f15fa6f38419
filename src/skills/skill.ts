/** A named set of operations that run inside an agent: what Airlock has to know of it before there is one. */
export interface SkillManifest {
  /** As typed after `--skill`: `[a-z0-9-]`, unique. */
  id: string;
  /** One line, a verb first. */
  summary: string;
  requires: {
    /** A driver's type, where no other isolation will do. Left out: any. */
    sandboxType?: string;
  };
}

/** The skills of an installation. */
export interface SkillRegistry {
  /** As they were given. */
  readonly skills: readonly SkillManifest[];
  /** Throws SKILL_NOT_FOUND with those that there are. */
  require(id: string): SkillManifest;
}
