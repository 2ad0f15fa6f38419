import { describe, expect, it } from 'vitest';
import { parseCapabilities } from '../../../../src/sandboxes/gvisor/capabilities.ts';

const OLD = {
  version: 'runsc version 0.0~20221219.0\nspec: 1.0.2-dev\n',
  flags:
    '  -overlay2 value\n    \twrap mounts with overlayfs.\n  -platform string\n    \tspecifies which platform to use: ptrace (default), kvm. (default "ptrace")\n',
  help: 'Subcommands:\n\tcreate           create a secure container\n\tps               ps displays the processes\n',
};
const CURRENT = {
  version: 'runsc version release-20260803.0\nspec: 1.2.1\n',
  flags:
    '  -gofer-network-namespace value\n    \tnetwork namespace for gofers\n  -platform string\n    \tspecifies which platform to use: systrap (default), ptrace, kvm. (default "systrap")\n',
  help: 'Subcommands:\n\tcreate           create a secure container\n\tupdate           update container resource constraints\n',
};

describe('parseCapabilities', () => {
  it('reads a release of 2022: its date, its flags, ptrace only', () => {
    const capabilities = parseCapabilities('/usr/bin/runsc', OLD);

    expect(capabilities.version).toBe('0.0~20221219.0');
    expect(capabilities.releasedAt).toBe(Date.UTC(2022, 11, 19));
    expect([...capabilities.flags]).toEqual(['overlay2', 'platform']);
    expect([...capabilities.commands]).toEqual(['create', 'ps']);
    expect(capabilities.platforms).toEqual(['ptrace']);
  });

  it('prefers systrap where a release has it', () => {
    const capabilities = parseCapabilities('/opt/runsc', CURRENT);

    expect(capabilities.version).toBe('20260803.0');
    expect(capabilities.releasedAt).toBe(Date.UTC(2026, 7, 3));
    expect(capabilities.platforms).toEqual(['systrap', 'ptrace']);
  });

  it('never offers kvm, which hangs where /dev/kvm has no hardware behind it', () => {
    expect(parseCapabilities('/opt/runsc', CURRENT).platforms).not.toContain('kvm');
  });

  it('knows no age of a build without a version', () => {
    const capabilities = parseCapabilities('/opt/runsc', {
      ...CURRENT,
      version: 'runsc version VERSION_MISSING\n',
    });

    expect(capabilities).toMatchObject({ version: 'unknown', releasedAt: null });
  });
});
