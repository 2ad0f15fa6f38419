import { describe, expect, test } from 'vitest';
import { environmentSchema, parseDuration, policyFileSchema } from '../../../src/config/schema.ts';

describe('parseDuration', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['10m', 600_000],
    ['8h', 28_800_000],
    ['2d', 172_800_000],
    ['1.5h', 5_400_000],
    ['45', 45_000],
    [' 30s ', 30_000],
    ['0s', 0],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', 's', '-1s', '1 h', '1h30m', '1w', '1e3s', 'Infinity', '0x10', '1.s', `${'9'.repeat(400)}d`])(
    'refuses "%s"',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );
});

describe('policyFileSchema', () => {
  test('gives every member a default', () => {
    const policy = policyFileSchema.parse({});
    expect(policy.levels.high).toEqual({
      approvals: 1,
      roles: ['approver', 'admin'],
      selfApproval: false,
      expiresIn: 3_600_000,
      verification: 'none',
    });
    expect(policy.levels.critical).toMatchObject({
      approvals: 2,
      expiresIn: 1_800_000,
      verification: 'typed-hash',
    });
    expect(policy.limits).toMatchObject({ maxAgents: 10, requestsPerMinute: 60, timeToLive: 86_400_000 });
    expect(policy).toMatchObject({ people: [], rules: [], defaultImage: 'busybox' });
  });

  test.each([
    ['an unknown member', { poeple: [] }],
    ['an unknown role', { roles: { root: ['slack:T1:U2'] } }],
    ['a principal of no platform', { people: [{ id: 'a', principals: ['alice'] }] }],
    ['no approval at all', { levels: { high: { approvals: 0 } } }],
    ['a duration that is none', { levels: { high: { expiresIn: 'soon' } } }],
    ['a rule without a reason', { rules: [{ kind: 'agent.exec', level: 'high' }] }],
  ])('refuses %s', (_, file) => {
    expect(policyFileSchema.safeParse(file).success).toBe(false);
  });
});

describe('environmentSchema', () => {
  test('has defaults for everything but tokens', () => {
    expect(environmentSchema.parse({})).toMatchObject({
      AIRLOCK_DATA_DIR: './data',
      AIRLOCK_ADMINS: [],
      AIRLOCK_EXEC_TIMEOUT: 30_000,
      AIRLOCK_IDLE_STOP: 3_600_000,
      AIRLOCK_GVISOR_HOSTINET: 'deny',
    });
  });

  test('reads lists without their spaces and empty parts, and refuses what is out of range', () => {
    expect(environmentSchema.parse({ AIRLOCK_ADMINS: ' slack:T1:U1, ,discord:2,' }).AIRLOCK_ADMINS).toEqual([
      'slack:T1:U1',
      'discord:2',
    ]);
    expect(environmentSchema.safeParse({ AIRLOCK_MAX_AGENTS: '0' }).success).toBe(false);
    expect(environmentSchema.safeParse({ AIRLOCK_EXEC_TIMEOUT: '1 day' }).success).toBe(false);
  });

  test.each([
    ['AIRLOCK_KATA_ENGINE', 'podman'],
    ['AIRLOCK_KATA_RUNTIME', 'runc'],
    ['AIRLOCK_KATA_RUNTIME', '--privileged'],
  ])('refuses %s=%s', (name, value) => {
    expect(environmentSchema.safeParse({ [name]: value }).success).toBe(false);
  });

  test.each([
    ['AIRLOCK_KATA_ENGINE', 'nerdctl'],
    ['AIRLOCK_KATA_RUNTIME', 'kata-clh'],
    ['AIRLOCK_KATA_RUNTIME', 'io.containerd.kata.v2'],
  ])('takes %s=%s', (name, value) => {
    expect(environmentSchema.safeParse({ [name]: value }).success).toBe(true);
  });
});
