import { AppError } from '../errors.ts';
import { quote } from '../lib/quote.ts';
import type { SkillManifest, SkillRegistry } from './skill.ts';

/** Every skill that Airlock brings, one line each. None yet: an agent is a plain sandbox. */
export const builtInSkills: readonly SkillManifest[] = [];

/** Throws INTERNAL when two have one id. */
export function createSkillRegistry(skills: readonly SkillManifest[] = builtInSkills): SkillRegistry {
  const byId = new Map(skills.map((skill) => [skill.id, skill]));
  if (byId.size < skills.length) throw new AppError('INTERNAL', 'two skills have the same id');
  return {
    skills,
    require(id) {
      const skill = byId.get(id);
      if (skill !== undefined) return skill;
      const there = skills.length === 0 ? '' : `: there is ${[...byId.keys()].join(', ')}`;
      throw new AppError('SKILL_NOT_FOUND', `there is no skill ${quote(id)}${there}`, {
        hint: 'leave --skill out for a plain sandbox',
      });
    },
  };
}
