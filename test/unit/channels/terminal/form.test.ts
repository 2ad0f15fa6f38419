import { expect, test } from 'vitest';
import { askForm } from '../../../../channels/terminal/form.ts';
import type { Screen } from '../../../../channels/terminal/screen.ts';
import { createForm } from '../../../../src/conversation/cards/forms.ts';

/** Answers the questions of a form one after the other. */
async function filled(lines: readonly (string | null)[], images = ['busybox', 'node']) {
  const shown: string[] = [];
  const left = [...lines];
  const screen: Screen = {
    fancy: false,
    busy: () => {},
    columns: () => 80,
    print: (text: readonly string[]) => void shown.push(...text),
  };
  const values = await askForm(createForm(images), screen, async (label) => {
    shown.push(label);
    return left.shift() ?? null;
  });
  return { values, shown };
}

test('shows the choices and takes one by its number or its value', async () => {
  const { values, shown } = await filled(['box', '2', 'yes']);
  expect(values).toEqual({ name: 'box', image: 'node', network: 'yes' });
  expect(shown).toContain('  1  busybox');
  expect(shown).toContain('  2  yes: the internet (needs an approval)');
  expect(shown).toContain('Image [busybox]: ');
});

test('an empty line takes the first choice, and skips what is optional', async () => {
  expect((await filled(['', '', ''])).values).toEqual({ image: 'busybox', network: 'no' });
});

test('a value goes before a number', async () => {
  expect((await filled(['', '2', ''], ['1', '3', '2'])).values).toMatchObject({ image: '2' });
});

test.each(['3', '0', 'nod', '-1', '\u001b[2J'])(
  '%j is none of the choices, and they are named',
  async (typed) => {
    await expect(filled(['', typed])).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.not.stringContaining('\u001b') as string,
      hint: expect.stringContaining('busybox, node') as string,
    });
  },
);

test('without any choice to make it is said that one is needed', async () => {
  await expect(filled(['', ''], [])).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test('the end of input cancels', async () => {
  expect((await filled(['', null])).values).toBeNull();
});
