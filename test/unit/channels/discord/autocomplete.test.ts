import { describe, expect, test } from 'vitest';
import { completionText, toChoices } from '../../../../channels/discord/autocomplete.ts';
import { commandShapes } from '../../../../src/commands/shapes.ts';

function textFor(command: string, name: string, value: string): string | null {
  const shape = commandShapes().find((candidate) => candidate.name === command);
  return shape === undefined ? null : completionText(shape, { name, value });
}

describe('what is being typed as a command line', () => {
  test.each([
    ['exec', 'agent', '', 'exec '],
    ['exec', 'agent', 'ca', 'exec ca'],
    ['exec', 'timeout', '5', 'exec --timeout 5'],
    ['extend', 'duration', '2', 'extend _ 2'],
    ['create', 'image', ' bus', 'create --image bus'],
  ])('of %s %s %j ends with it', (command, name, value, text) => {
    expect(textFor(command, name, value)).toBe(text);
  });

  test.each([
    ['two words', 'exec', 'agent', 'calm otter'],
    ['an option in place of a name', 'exec', 'agent', '--'],
    ['an option that the command has not', 'exec', 'image', 'b'],
  ])('is none for %s', (_, command, name, value) => {
    expect(textFor(command, name, value)).toBeNull();
  });
});

describe('suggestions', () => {
  test('are at most twenty-five, and their labels fit and hold no hidden characters', () => {
    const found = Array.from({ length: 40 }, (_, at) => ({
      value: `agent-${at}`,
      label: `agent-${at} \u202e${'x'.repeat(200)}`,
    }));

    const choices = toChoices(found);

    expect(choices).toHaveLength(25);
    for (const { name } of choices) {
      expect(name.length).toBeLessThanOrEqual(100);
      expect(name).not.toContain('\u202e');
    }
  });

  test('that would be cut are left out: another value would be chosen', () => {
    expect(
      toChoices([
        { value: 'x'.repeat(101), label: 'long' },
        { value: '', label: 'none' },
      ]),
    ).toEqual([]);
  });

  test('of ids say what they stand for and keep the id', () => {
    expect(toChoices([{ value: 'k3x9', label: 'agent.exec by ada' }])).toEqual([
      { name: 'k3x9 · agent.exec by ada', value: 'k3x9' },
    ]);
  });
});
