import { expect, it } from 'vitest';
import { checkCommand } from '../emulators/discord/rules/commands.ts';
import { checkMessage } from '../emulators/discord/rules/messages.ts';
import { checkModal } from '../emulators/discord/rules/modals.ts';
import { startRawClient } from './discord-raw-client.ts';

const V2 = 1 << 15;
const x = (length: number) => 'x'.repeat(length);
const many = <T>(length: number, make: (index: number) => T) =>
  Array.from({ length }, (_, index) => make(index));
const button = (id: string, label = 'Go') => ({ type: 2, style: 1, custom_id: id, label });
const row = (...components: object[]) => ({ type: 1, components });
const select = (count: number) => ({
  type: 3,
  custom_id: 's',
  options: many(count, (index) => ({ label: 'o', value: `${index}` })),
});
const text = (content: string) => ({ type: 10, content });

/** One more than allowed, by rule; `fits` stands at the limit. */
const MESSAGES: readonly [rule: string, fits: object, breaks: object][] = [
  ['content-length', { content: x(2000) }, { content: x(2001) }],
  ['nonce-length', { content: 'a', nonce: x(25) }, { content: 'a', nonce: x(26) }],
  ['embed', { embeds: [{ title: x(256) }] }, { embeds: [{ title: x(257) }] }],
  ['embed', { embeds: [{ description: x(4096) }] }, { embeds: [{ description: x(4097) }] }],
  ['embed', { embeds: many(10, () => ({ title: 'a' })) }, { embeds: many(11, () => ({ title: 'a' })) }],
  [
    'embed',
    { embeds: [{ fields: many(25, () => ({ name: 'n', value: x(100) })) }] },
    { embeds: [{ fields: many(26, () => ({ name: 'n', value: 'v' })) }] },
  ],
  [
    'embed-total',
    { embeds: [{ description: x(4000) }, { description: x(2000) }] },
    { embeds: [{ description: x(4000) }, { description: x(2001) }] },
  ],
  ['custom-id', { components: [row(button(x(100)))] }, { components: [row(button(x(101)))] }],
  ['custom-id', { components: [row(button('a'))] }, { components: [row(button(''))] }],
  [
    'custom-id-unique',
    { components: [row(button('a'), button('b'))] },
    { components: [row(button('a')), row(button('a'))] },
  ],
  ['button-label', { components: [row(button('a', x(80)))] }, { components: [row(button('a', x(81)))] }],
  [
    'button-url',
    { components: [row({ type: 2, style: 5, url: 'https://a.example', label: 'a' })] },
    { components: [row({ type: 2, style: 5, label: 'a' })] },
  ],
  [
    'rows',
    { components: many(5, (index) => row(button(`${index}`))) },
    { components: many(6, (index) => row(button(`${index}`))) },
  ],
  [
    'row-width',
    { components: [row(...many(5, (index) => button(`${index}`)))] },
    { components: [row(...many(6, (index) => button(`${index}`)))] },
  ],
  ['row-width', { components: [row(select(1))] }, { components: [row(select(1), button('b'))] }],
  ['select-options', { components: [row(select(25))] }, { components: [row(select(26))] }],
  ['component-type', { flags: V2, components: [text('a')] }, { components: [text('a')] }],
  [
    'v2-count',
    { flags: V2, components: many(40, () => text('a')) },
    { flags: V2, components: [{ type: 17, components: many(40, () => text('a')) }] },
  ],
  [
    'v2-text',
    { flags: V2, components: [text(x(2000)), text(x(2000))] },
    { flags: V2, components: [text(x(2000)), text(x(2001))] },
  ],
  [
    'v2-exclusive',
    { flags: V2, components: [text('a')] },
    { flags: V2, content: 'a', components: [text('a')] },
  ],
  [
    'v2-section',
    { flags: V2, components: [{ type: 9, components: [text('a')], accessory: button('a') }] },
    { flags: V2, components: [{ type: 9, components: [text('a')] }] },
  ],
  [
    'component-type',
    { flags: V2, components: [{ type: 17, components: [text('a')] }] },
    { flags: V2, components: [{ type: 17, components: [{ type: 17, components: [text('a')] }] }] },
  ],
];

it.each(MESSAGES)('a message is held to the rule %s', (rule, fits, breaks) => {
  const of = (body: object) => checkMessage({ ...body });
  expect(of(fits)).toEqual([]);
  expect(of(breaks).map((problem) => problem.rule)).toContain(rule);
});

const input = (more: object = {}) => ({ type: 4, custom_id: 'i', style: 1, label: 'L', ...more });
const modal = (more: object = {}) => ({ custom_id: 'm', title: 'T', components: [row(input())], ...more });
const label = (component: object, more: object = {}) => ({ type: 18, label: 'L', component, ...more });
const { label: _label, ...bare } = input();

const MODALS: readonly [rule: string, fits: object, breaks: object][] = [
  ['modal-title', modal({ title: x(45) }), modal({ title: x(46) })],
  ['custom-id', modal({ custom_id: x(100) }), modal({ custom_id: x(101) })],
  [
    'modal-inputs',
    modal({ components: many(5, (index) => row(input({ custom_id: `${index}` }))) }),
    modal({ components: many(6, (index) => row(input({ custom_id: `${index}` }))) }),
  ],
  ['modal-inputs', modal(), modal({ components: [] })],
  ['modal-inputs', modal(), modal({ components: [row(button('b'))] })],
  ['custom-id-unique', modal(), modal({ components: [row(input()), row(input())] })],
  [
    'modal-label',
    modal({ components: [row(input({ label: x(45) }))] }),
    modal({ components: [row(input({ label: x(46) }))] }),
  ],
  ['modal-label', modal({ components: [label(bare)] }), modal({ components: [label(input())] })],
  [
    'modal-value',
    modal({ components: [row(input({ value: x(4000) }))] }),
    modal({ components: [row(input({ value: x(4001) }))] }),
  ],
  [
    'modal-length',
    modal({ components: [row(input({ max_length: 4000 }))] }),
    modal({ components: [row(input({ max_length: 4001 }))] }),
  ],
  [
    'placeholder',
    modal({ components: [row(input({ placeholder: x(100) }))] }),
    modal({ components: [row(input({ placeholder: x(101) }))] }),
  ],
  ['select-options', modal({ components: [label(select(25))] }), modal({ components: [label(select(26))] })],
  [
    'modal-options',
    modal({ components: [label({ type: 21, custom_id: 'r', options: select(10).options })] }),
    modal({ components: [label({ type: 21, custom_id: 'r', options: select(11).options })] }),
  ],
];

it.each(MODALS)('a modal is held to the rule %s', (rule, fits, breaks) => {
  const of = (body: object) => checkModal({ custom_id: '', title: '', components: [], ...body });
  expect(of(fits)).toEqual([]);
  expect(of(breaks).map((problem) => problem.rule)).toContain(rule);
});

const option = (more: object = {}) => ({ type: 3, name: 'o', description: 'd', ...more });
const command = (...options: object[]) => ({ name: 'agent', description: 'd', options });
const choices = (count: number, name = 'c') => many(count, (index) => ({ name, value: `${index}` }));

const COMMANDS: readonly [rule: string, fits: object, breaks: object][] = [
  ['command-name', { ...command(), name: x(32) }, { ...command(), name: x(33) }],
  ['command-name', command(), { ...command(), name: 'Agent' }],
  ['command-description', { ...command(), description: x(100) }, { ...command(), description: x(101) }],
  ['command-description', command(option()), command(option({ description: '' }))],
  [
    'command-options',
    command(...many(25, (index) => option({ name: `o${index}` }))),
    command(...many(26, (index) => option({ name: `o${index}` }))),
  ],
  ['command-options', command(option()), command(option(), option())],
  [
    'command-options',
    command(option({ required: true }), option({ name: 'p' })),
    command(option(), option({ name: 'p', required: true })),
  ],
  ['command-options', command(option()), command(option(), { type: 1, name: 's', description: 'd' })],
  [
    'command-options',
    command(option({ autocomplete: true })),
    command(option({ autocomplete: true, choices: choices(1) })),
  ],
  ['choices', command(option({ choices: choices(25) })), command(option({ choices: choices(26) }))],
  [
    'choices',
    command(option({ choices: choices(1, x(100)) })),
    command(option({ choices: choices(1, x(101)) })),
  ],
  [
    'command-nesting',
    command(option({ type: 2, options: [option({ type: 1 })] })),
    command(option({ type: 2, options: [option({ type: 2 })] })),
  ],
  [
    'command-size',
    command(...many(4, (index) => option({ name: `o${index}`, choices: choices(19, x(98)) }))),
    command(...many(4, (index) => option({ name: `o${index}`, choices: choices(21, x(98)) }))),
  ],
];

it.each(COMMANDS)('a command is held to the rule %s', (rule, fits, breaks) => {
  const of = (body: object) => checkCommand({ name: '', description: '', ...body });
  expect(of(fits)).toEqual([]);
  expect(of(breaks).map((problem) => problem.rule)).toContain(rule);
});

it('keeps the flag of components v2 over an edit', () => {
  expect(checkMessage({ content: 'a' }, V2).map(({ rule }) => rule)).toEqual(['v2-exclusive']);
});

it('refuses with the place of each error and writes it down', async () => {
  await using raw = await startRawClient();

  const { status, code, body } = await raw.call('POST', `/channels/${raw.channel}/messages`, {
    content: x(2001),
    components: [row(button('a', x(81)))],
  });

  expect({ status, code }).toEqual({ status: 400, code: 50035 });
  expect(body['errors']).toMatchObject({
    content: { _errors: [{ code: 'BASE_TYPE_MAX_LENGTH', message: 'Must be 2000 or fewer in length.' }] },
    components: { '0': { components: { '0': { label: { _errors: [{ code: 'BASE_TYPE_MAX_LENGTH' }] } } } } },
  });
  expect(raw.discord.violations).toMatchObject([
    { rule: 'content-length', route: 'POST /channels/:channel/messages' },
    { rule: 'button-label', detail: 'components.0.components.0.label: Must be 80 or fewer in length.' },
  ]);
  expect(raw.discord.messages(raw.channel)).toEqual([]);
});

it('refuses a message with nothing in it', async () => {
  await using raw = await startRawClient();
  expect(await raw.call('POST', `/channels/${raw.channel}/messages`, { content: ' ' })).toMatchObject({
    code: 50006,
  });
  expect(raw.rules()).toEqual(['empty-message']);
});

it('refuses too many and too large files', async () => {
  await using raw = await startRawClient({ limits: { fileBytes: 1_000, requestBytes: 5_000 } });
  const path = `/channels/${raw.channel}/messages`;
  const files = (count: number, bytes: number) => many(count, (index) => ({ name: `${index}.txt`, bytes }));

  expect(await raw.upload(path, {}, files(10, 1))).toMatchObject({ status: 200 });
  expect(await raw.upload(path, {}, files(11, 1))).toMatchObject({ status: 400, code: 30015 });
  expect(await raw.upload(path, {}, files(1, 1_000))).toMatchObject({ status: 200 });
  expect(await raw.upload(path, {}, files(1, 1_001))).toMatchObject({ status: 413, code: 40005 });
  expect(await raw.upload(path, {}, files(6, 900))).toMatchObject({ status: 413, code: 40005 });
  expect(raw.rules()).toEqual(['files-count', 'file-size', 'request-size']);
});

it('keeps at most 200 creations of commands in a day, and 100 commands', async () => {
  await using raw = await startRawClient({ limits: { commandCreates: 101 } });
  const path = `/applications/${raw.discord.applicationId}/guilds/${raw.discord.guild.id}/commands`;
  const commands = many(100, (index) => ({ name: `c${index}`, description: 'd' }));

  expect(await raw.call('PUT', path, commands)).toMatchObject({ status: 200 });
  expect(await raw.call('PUT', path, commands)).toMatchObject({ status: 200 });
  expect(await raw.call('POST', path, { name: 'more', description: 'd' })).toMatchObject({ code: 30032 });
  expect(await raw.call('PUT', path, [{ name: 'n1', description: 'd' }])).toMatchObject({ status: 200 });
  expect(await raw.call('PUT', path, [{ name: 'n2', description: 'd' }])).toMatchObject({ code: 30034 });
  expect(raw.rules()).toEqual(['command-count', 'command-creates']);
});

it('does not let a bot set the permissions of a command', async () => {
  await using raw = await startRawClient();
  const path = `/applications/${raw.discord.applicationId}/guilds/${raw.discord.guild.id}/commands/1/permissions`;
  expect(await raw.call('PUT', path, { permissions: [] })).toMatchObject({ status: 403, code: 20001 });
});

it('rings nobody when allowed_mentions is empty, and everybody when it is left out', async () => {
  await using raw = await startRawClient();
  const content = `@everyone <@${raw.user}>`;

  await raw.post({ content, allowed_mentions: { parse: [] } });
  expect(raw.discord.pings).toEqual([]);
  const messageId = await raw.post({ content });
  expect(raw.discord.pings).toEqual([{ messageId, everyone: true, users: [raw.user], roles: [] }]);
});
