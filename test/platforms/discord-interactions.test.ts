import { afterEach, beforeEach, expect, it } from 'vitest';
import { createManualClock } from '../fakes/manual-clock.ts';
import { type RawClient, type RawGateway, startRawClient } from './discord-raw-client.ts';

const EPHEMERAL = 64;
const clock = createManualClock(1_800_000_000_000);
let raw: RawClient;
let gateway: RawGateway;

interface Received {
  id: string;
  token: string;
  [key: string]: unknown;
}

/** What the client was told of an act, and the way to answer it. */
async function received(nth = 1) {
  const event = await gateway.next('INTERACTION_CREATE', nth);
  const interaction = event.d as Received;
  return {
    interaction,
    answer: (type: number, data?: unknown, query = '') =>
      raw.call('POST', `/interactions/${interaction.id}/${interaction.token}/callback${query}`, {
        type,
        data,
      }),
    webhook: (method: string, path = '', body?: unknown) =>
      raw.call(method, `/webhooks/${raw.discord.applicationId}/${interaction.token}${path}`, body),
  };
}

const button = { type: 1, components: [{ type: 2, style: 1, custom_id: 'go', label: 'Go' }] };
const modal = {
  custom_id: 'm',
  title: 'T',
  components: [
    { type: 1, components: [{ type: 4, custom_id: 'why', style: 1, label: 'Why', max_length: 5 }] },
  ],
};

beforeEach(async () => {
  raw = await startRawClient({ clock });
  await raw.call('PUT', `/applications/${raw.discord.applicationId}/commands`, [
    {
      name: 'agent',
      description: 'd',
      options: [{ type: 3, name: 'name', description: 'd', autocomplete: true }],
    },
  ]);
  gateway = await raw.identify();
});
afterEach(async () => {
  gateway[Symbol.dispose]();
  await raw[Symbol.asyncDispose]();
});

const send = () => raw.discord.command({ user: raw.user, channel: raw.channel, options: { name: 'web' } });

it('sends the whole payload of a command', async () => {
  const role = raw.discord.addRole('ops');
  raw.discord.setRoles(raw.user, [role]);
  const outcome = send();
  const { interaction, answer } = await received();

  expect(interaction).toMatchObject({
    application_id: raw.discord.applicationId,
    type: 2,
    version: 1,
    guild_id: raw.discord.guild.id,
    channel_id: raw.channel,
    channel: { id: raw.channel, type: 0, name: 'ops' },
    member: {
      user: { id: raw.user, username: 'ada', bot: false },
      roles: [role],
      permissions: expect.any(String),
    },
    app_permissions: expect.any(String),
    locale: 'en-US',
    guild_locale: 'en-US',
    entitlements: [],
    authorizing_integration_owners: { '0': raw.discord.guild.id },
    context: 0,
    attachment_size_limit: 10 * 1024 * 1024,
    data: { name: 'agent', type: 1, options: [{ name: 'name', type: 3, value: 'web' }] },
  });
  expect(await answer(4, { content: 'hi' })).toMatchObject({ status: 204 });
  expect(await outcome).toMatchObject({ answer: 'message', answerMs: 0, data: { content: 'hi' } });
});

it('answers 204 without a content type, and the message when it is asked for', async () => {
  const first = send();
  const quiet = await (await received()).answer(4, { content: 'a' });
  await first;
  const second = send();
  const told = await (await received(2)).answer(5, { flags: EPHEMERAL }, '?with_response=true');
  await second;

  expect(quiet.headers.get('content-type')).toBeNull();
  expect(told.body).toMatchObject({
    interaction: { type: 2, response_message_loading: true, response_message_ephemeral: true },
    resource: { type: 5, message: { flags: 128 | EPHEMERAL } },
  });
});

it('refuses an answer after three seconds', async () => {
  const outcome = send();
  const { answer } = await received();
  clock.advance(3_000);

  expect(await outcome).toMatchObject({ answered: false });
  expect(await answer(4, { content: 'late' })).toMatchObject({ status: 404, code: 10062 });
  expect(raw.rules()).toEqual(['answered-late']);
});

it('refuses a second answer', async () => {
  const outcome = send();
  const { answer } = await received();
  await answer(5, {});
  await outcome;

  expect(await answer(4, { content: 'again' })).toMatchObject({ status: 400, code: 40060 });
  expect(raw.rules()).toEqual(['answered-twice']);
});

it('refuses an unknown interaction without blaming anybody', async () => {
  expect(await raw.call('POST', '/interactions/1/token/callback', { type: 5 })).toMatchObject({
    code: 10062,
  });
  expect(raw.rules()).toEqual([]);
});

it('ends the token after fifteen minutes', async () => {
  const outcome = send();
  const { answer, webhook } = await received();
  await answer(5, {});
  await outcome;
  clock.advance(15 * 60_000 - 1);
  expect(await webhook('PATCH', '/messages/@original', { content: 'in time' })).toMatchObject({
    status: 200,
  });
  clock.advance(1);

  expect(await webhook('POST', '', { content: 'late' })).toMatchObject({ status: 401, code: 50027 });
  expect(raw.rules()).toEqual(['token-expired']);
});

it('refuses a follow-up before the first answer', async () => {
  const outcome = send();
  const { webhook, answer } = await received();

  expect(await webhook('POST', '', { content: 'early' })).toMatchObject({ status: 404, code: 10015 });
  expect(raw.rules()).toEqual(['followup-before-answer']);
  await answer(5, {});
  await outcome;
});

it('lets the first follow-up take the place of a deferral, as private as that was', async () => {
  const outcome = send();
  const { webhook, answer } = await received();
  await answer(5, {});
  await webhook('POST', '', { content: 'secret', flags: EPHEMERAL });
  await webhook('POST', '', { content: 'really secret', flags: EPHEMERAL });

  expect(await (await outcome).reply()).toMatchObject({ content: 'secret', flags: 0 });
  expect(raw.discord.messages(raw.channel).map(({ content }) => content)).toEqual(['secret']);
  expect(raw.discord.ephemerals(raw.user).map(({ content }) => content)).toEqual(['really secret']);
  expect(raw.rules()).toEqual(['ephemeral-fixed']);
});

it('hides a private message from everything but its token', async () => {
  const outcome = send();
  const { webhook, answer } = await received();
  await answer(4, { content: 'secret', flags: EPHEMERAL, components: [button] });
  await outcome;
  const [message] = raw.discord.ephemerals(raw.user);
  const stranger = raw.discord.addUser();
  const id = message?.id ?? '';

  expect(await raw.call('PATCH', `/channels/${raw.channel}/messages/${id}`, { content: 'b' })).toMatchObject({
    code: 10008,
  });
  expect(await webhook('GET', '/messages/@original')).toMatchObject({
    status: 200,
    body: { id, content: 'secret' },
  });
  await expect(raw.discord.press({ user: stranger, message: id, label: 'Go' })).rejects.toThrow(
    'does not see',
  );
  expect(await webhook('DELETE', '/messages/@original')).toMatchObject({ status: 204 });
  expect(raw.discord.ephemerals(raw.user)).toEqual([]);
});

it.each([
  ['a command', 6],
  ['a command', 7],
  ['a command', 8],
])('refuses to answer %s with type %i', async (_, type) => {
  const outcome = send();
  const { answer } = await received();

  expect(await answer(type, { choices: [] })).toMatchObject({ status: 400, code: 50035 });
  expect(raw.rules()).toEqual(['answer-type']);
  clock.advance(3_000);
  await outcome;
});

it('takes no more than 25 choices, of 100 characters, and nothing else for a completion', async () => {
  const outcome = raw.discord.autocomplete({ user: raw.user, channel: raw.channel, focused: 'name' });
  const { answer, interaction } = await received();
  const choices = (count: number, value = 'v') => Array.from({ length: count }, () => ({ name: 'n', value }));

  expect(interaction).toMatchObject({
    type: 4,
    data: { options: [{ name: 'name', value: '', focused: true }] },
  });
  expect(await answer(5, {})).toMatchObject({ code: 50035 });
  expect(await answer(8, { choices: choices(26) })).toMatchObject({ code: 50035 });
  expect(await answer(8, { choices: choices(1, 'v'.repeat(101)) })).toMatchObject({ code: 50035 });
  expect(await answer(8, { choices: choices(25) })).toMatchObject({ status: 204 });
  expect((await outcome).choices).toHaveLength(25);
  expect(raw.rules()).toEqual(['answer-type', 'autocomplete-choices', 'autocomplete-choices']);
});

it('opens a modal only as first answer and not over a modal', async () => {
  const opened = send();
  const first = await received();
  await first.answer(9, modal);
  expect((await opened).modal).toMatchObject({ customId: 'm', title: 'T' });
  await expect(raw.discord.submit({ user: raw.user, values: { why: 'too long' } })).rejects.toThrow(
    '5 characters',
  );
  const submitted = raw.discord.submit({ user: raw.user, values: { why: 'short' } });
  const second = await received(2);

  expect(second.interaction).toMatchObject({
    type: 5,
    data: { custom_id: 'm', components: [{ type: 1, components: [{ custom_id: 'why', value: 'short' }] }] },
  });
  expect(await second.answer(9, modal)).toMatchObject({ code: 50035 });
  expect(await second.answer(6)).toMatchObject({ code: 50035 });
  expect(await second.answer(5, { flags: EPHEMERAL })).toMatchObject({ status: 204 });
  expect(await submitted).toMatchObject({ answer: 'deferred', ephemeral: true });
  expect(raw.rules()).toEqual(['modal-on-modal', 'answer-type']);
});

it('keeps a modal open when nobody answers its submission', async () => {
  const opened = send();
  await (await received()).answer(9, modal);
  await opened;
  const submitted = raw.discord.submit({ user: raw.user, values: { why: 'a' } });
  await received(2);
  clock.advance(3_000);

  expect((await submitted).answered).toBe(false);
  expect(raw.discord.modals(raw.user)).toHaveLength(1);
});

it('refuses to press what is disabled', async () => {
  const disabled = { ...button, components: [{ ...button.components[0], disabled: true }] };
  const message = await raw.post({ content: 'a', components: [disabled] });
  await expect(raw.discord.press({ user: raw.user, message, customId: 'go' })).rejects.toThrow('disabled');
});

it('hides a command for administrators from everybody else', async () => {
  await raw.call('PUT', `/applications/${raw.discord.applicationId}/commands`, [
    { name: 'agent', description: 'd', default_member_permissions: '0' },
  ]);
  const chief = raw.discord.addUser({ administrator: true });
  const act = (user: string) => raw.discord.command({ user, channel: raw.channel });

  await expect(act(raw.user)).rejects.toThrow('hidden');
  const outcome = act(chief);
  await (await received()).answer(5, {});
  expect((await outcome).answered).toBe(true);
});

it('chooses from a select what it offers', async () => {
  const options = [
    { label: 'One', value: '1' },
    { label: 'Two', value: '2' },
  ];
  const select = { type: 1, components: [{ type: 3, custom_id: 'pick', options }] };
  const message = await raw.post({ content: 'a', components: [select] });
  const pick = (...values: string[]) =>
    raw.discord.press({ user: raw.user, message, customId: 'pick', values });

  await expect(pick('3')).rejects.toThrow('does not offer "3"');
  await expect(pick('1', '2')).rejects.toThrow('fewer');
  const outcome = pick('2');
  const { interaction, answer } = await received();
  expect(interaction).toMatchObject({ data: { custom_id: 'pick', component_type: 3, values: ['2'] } });
  await answer(7, { content: 'two', components: [] });
  expect((await outcome).answer).toBe('update');
});

it('leaves no timer behind', async () => {
  const unanswered = send();
  await received();
  await raw.call('POST', `/channels/${raw.channel}/threads`, { name: 'a', type: 11 });
  expect(clock.armed).toBeGreaterThan(0);

  await raw.discord.close();

  expect(await unanswered).toMatchObject({ answered: false });
  expect(clock.armed).toBe(0);
  expect(await gateway.closed).toBe(1006);
});
