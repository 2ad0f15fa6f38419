import { expect, test } from 'vitest';
import { createInstallation } from '../fixtures/run-bot.ts';
import { auditOf, configure } from '../fixtures/operator.ts';

/** What a terminal or a reader could be fooled by: controls (but for the end of a line), C1, bidi and zero-width characters. */
const RAW = /(?!\n)[\p{Cc}\p{Cf}]/u;

const errorsIn = (stdout: string) => stdout.split('\n').filter((line) => line.startsWith('error: '));

/** One bot for all of them: each line is one refusal, in this order. */
const REFUSALS: [line: string, names: RegExp, wayOut: RegExp][] = [
  ['exec nobody -- ls', /no agent "nobody"/, /list/],
  ['exec bax -- ls', /no agent "bax"/, /did you mean box\?/],
  ['craete x', /no command "craete"/, /did you mean .*create/],
  ['create x --nettwork', /no option "--nettwork"/, /did you mean --network\?/],
  ['create box', /name box is taken/, /choose another name/],
  ['create B@D!', /"B@D!"/, /1 to 32 of a-z/],
  ['create x --cpu 0', /--cpu 0 cores is outside 0\.05 cores to \d+ cores/, /value in that range/],
  ['create x --cpu -1', /--cpu -1 cores is outside 0\.05 cores to/, /value in that range/],
  ['create x --cpu 1e9', /--cpu 1000000000 cores is outside 0\.05 cores to/, /value in that range/],
  ['create x --cpu NaN', /--cpu "NaN" is not a number from 0\.05 cores to 256 cores/, /--cpu 1/],
  ['create x --cpu 256', /--cpu 256 cores is more than this host has: \d+ cores/, /from 0\.05 cores to \d+/],
  ['create x --memory 0', /--memory 0 B is outside 64 MiB to/, /value in that range/],
  ['create x --memory -1', /--memory -1 MiB is outside 64 MiB to/, /value in that range/],
  ['create x --memory 1e9', /--memory "1e9" is not a size from 64 MiB to 1 TiB/, /512m or 2g/],
  ['create x --memory 512x', /--memory "512x" is not a size from 64 MiB to 1 TiB/, /512m or 2g/],
  ['create x --memory 1000000g', /--memory 976\.6 TiB is outside 64 MiB to/, /value in that range/],
  ['create x --memory 1024g', /--memory 1 TiB is more than this host has/, /from 64 MiB to/],
  ['create x --disk 0', /--disk 0 B is outside 16 MiB to/, /value in that range/],
  ['create x --disk -5g', /--disk -5120 MiB is outside 16 MiB to/, /value in that range/],
  ['create x --disk 1024g', /--disk 1 TiB is more than this host has free/, /free some space/],
  ['create x --processes 0', /--processes 0 is outside 4 to 4096/, /value in that range/],
  ['create x --processes -1', /--processes -1 is outside 4 to 4096/, /value in that range/],
  ['create x --processes 1.5', /--processes 1\.5 is not a whole number from 4 to 4096/, /in that range/],
  ['create x --processes 1e9', /--processes 1000000000 is outside 4 to 4096/, /value in that range/],
  ['create x --ttl 0', /--ttl 0 ms is outside 1 s to 1d/, /30m or 8h/],
  ['create x --ttl 400d', /--ttl 400d is outside 1 s to 1d/, /30m or 8h/],
  ['create x --ttl soon', /--ttl "soon" is not a duration/, /30s, 10m, 8h or 2d/],
  ['create x --image nope', /no image "nope": there is busybox/, /airlock\.yaml/],
  ['create x --sandbox docker', /"docker" is not available/, /gvisor/],
  ['create x --skill dance', /no skill "dance"/, /--skill/],
  ['exec box --timeout 0 -- ls', /--timeout of 0 ms: allowed is 100 ms to 1h/, /30s, 10m or 8h/],
  ['exec box --timeout 900d -- ls', /--timeout of 900d: allowed is 100 ms to 1h/, /30s, 10m or 8h/],
  ['resume box', /cannot resume box: it is RUNNING, and that needs PAUSED/, /status box/],
  ['approve nothing', /no action "nothing"/, /approvals/],
  ['cancel nothing', /no action "nothing"/, /approvals/],
  ['audit 0', /"0" is not a whole number from 1 to 200/, /usage/],
  ['stop-all 7', /stop-all 7: the number of live agents is 1/, /stop-all 1/],
  ['create \u001b[31mred', /"\\x1b\[31mred" cannot be the name/, /1 to 32 of a-z/],
  ['exec \u202ebox -- ls', /no agent "\\u\{202e\}box"/, /list/],
  ['status \u0007', /no agent "\\x07"/, /list/],
  ['\u001b[2J', /no command "\\x1b\[2J"/, /help/],
  ['create x --cpu \u009b1', /--cpu "\\x9b1" is not a number/, /--cpu 1/],
  ['create x --image \u2066i', /no image "\\u\{2066\}i"/, /airlock\.yaml/],
];

/** Well-formed requests for an action, refused: these are in the audit. */
const AUDITED = REFUSALS.filter(([line]) => /^(create|exec|resume|stop-all) /.test(line)).filter(
  ([, names]) => !/is not a (number|size|duration)|no option/.test(names.source),
);

test('bad requests get one line each that names the value, what is allowed and what to do, and make nothing', async () => {
  const installation = await createInstallation();

  const { exitCode, stdout, stderr } = await installation.pipe(
    ['/agent create box', ...REFUSALS.map(([line]) => `/agent ${line}`), '/agent list --all', ''].join('\n'),
  );

  const errors = errorsIn(stdout);
  expect(errors).toEqual(REFUSALS.map(([, names]) => expect.stringMatching(names)));
  expect(errors).toEqual(REFUSALS.map(([, , wayOut]) => expect.stringMatching(wayOut)));
  expect(stdout).toContain('1 agent, newest first');
  expect(stdout).not.toMatch(RAW);
  expect(stderr).toBe('');
  expect(exitCode).toBe(1);
  const refused = (await auditOf(installation)).filter(({ type }) => type.endsWith('.refused'));
  expect(refused.filter(({ type }) => type === 'action.refused')).toHaveLength(AUDITED.length);
  expect(refused.map(({ type }) => type)).toEqual(expect.arrayContaining(['vote.refused', 'cancel.refused']));
  expect(await installation.leftovers()).toEqual([]);
});

test('lines that no command can carry are refused one by one, and the next line runs', async () => {
  const installation = await createInstallation();
  const long = (bytes: number) => Buffer.alloc(bytes, 'x');
  const line = (...parts: (string | Uint8Array)[]) =>
    Buffer.concat([...parts.map((part) => Buffer.from(part)), Buffer.from('\n')]);

  const { exitCode, stdout } = await installation.pipe(
    Buffer.concat([
      line('/agent create box'),
      line('/agent exec box -- ', long(1024 * 1024)),
      line('/agent exec box -- ', long(100 * 1024)),
      line('/agent exec box -- echo ', Uint8Array.of(0xff, 0xfe)),
      line('/agent exec box -- echo ', Uint8Array.of(0xc0, 0xaf)),
      line('/agent exec box -- echo ', Uint8Array.of(0)),
      line('/agent exec box -- echo still here'),
    ]),
  );

  expect(errorsIn(stdout)).toEqual([
    expect.stringMatching(/1048595 bytes.*at most 131072/),
    expect.stringMatching(/102400 bytes.*at most 65536/),
    expect.stringMatching(/not valid UTF-8.*base64/),
    expect.stringMatching(/not valid UTF-8/),
    expect.stringMatching(/NUL/),
  ]);
  expect(errorsIn(stdout).every((text) => text.length < 500)).toBe(true);
  expect(stdout.split('\n')).toContain('still here');
  expect(exitCode).toBe(1);
});

test('control, ANSI and bidi characters are shown escaped wherever they come from', async () => {
  const installation = await createInstallation();

  const { exitCode, stdout } = await installation.pipe(
    [
      '/as alice',
      '/agent create box',
      String.raw`/agent exec box -- printf '\033[31mred\007\302\233 \342\200\256evil\342\201\251 \000.\n'`,
      '/agent exec box -- true # \u001b]0;title\u0007 \u202ehidden',
      '/as bob operator',
      '/agent stop box',
      '/as carol approver',
      '# the reason of a denial is somebody else\u2019s text too',
      '2',
      'no\u001b[2J\u202e!',
      '/as alice',
      '/agent logs box',
      '/agent status box',
      '/agent approvals',
      '/agent audit 50',
      '',
    ].join('\n'),
  );

  expect(stdout).toContain(String.raw`\x1b[31mred\x07\x9b \u{202e}evil\u{2069} \x00.`);
  expect(stdout).toContain(String.raw`true # \x1b]0;title\x07 \u{202e}hidden`);
  expect(stdout).toContain(String.raw`denied: no\x1b[2J\u{202e}!`);
  expect(stdout).not.toMatch(RAW);
  expect(exitCode).toBe(0);
});

test('what an agent is not in the state for is refused, and says what it is', async () => {
  const installation = await createInstallation();

  const { exitCode, stdout } = await installation.pipe(
    [
      'create box',
      'pause box',
      'exec box -- ls',
      'pause box',
      'stop box',
      'exec box -- ls',
      'extend box 1h',
      'stop box',
      '',
    ]
      .map((line) => (line === '' ? '' : `/agent ${line}`))
      .join('\n'),
  );

  expect(errorsIn(stdout)).toEqual([
    expect.stringMatching(/cannot exec box: it is PAUSED, and that needs RUNNING - .*resume box/),
    expect.stringMatching(/cannot pause box: it is PAUSED, and that needs RUNNING - .*resume box/),
    expect.stringMatching(/cannot exec box: it is STOPPED, and that needs RUNNING - .*status box/),
    expect.stringMatching(
      /cannot extend box: it is STOPPED, and that needs RUNNING or PAUSED - .*status box/,
    ),
  ]);
  expect(exitCode).toBe(1);
  const refused = (await auditOf(installation)).filter(({ type }) => type === 'action.refused');
  expect(refused.map(({ data }) => data['code'])).toEqual(Array.from({ length: 4 }, () => 'WRONG_STATE'));
});

test('capacity, requests that wait and requests a minute have ends that are told', async () => {
  const installation = await createInstallation();
  await configure(installation, 'limits: { maxAgents: 2, requestsPerMinute: 20 }\n');
  const capacity = ['/as alice', '/agent create one', '/agent create two', '/agent create three'];
  const waiting = ['/as bob operator', ...Array.from({ length: 6 }, () => '/agent stop one')];
  const flood = ['/as dave', ...Array.from({ length: 22 }, () => '/agent runtimes')];

  const { exitCode, stdout } = await installation.pipe([...capacity, ...waiting, ...flood, ''].join('\n'));

  const [full, pending, ...limited] = errorsIn(stdout);
  expect(full).toContain('2 of 2 agents are live: stop one or raise AIRLOCK_MAX_AGENTS');
  expect(pending).toMatch(
    /5 of 5 requests of yours wait for approval.*cancel one first: \/agent cancel [a-z0-9]+/,
  );
  expect(limited).toHaveLength(2);
  expect(limited[0]).toMatch(/20 .*minute/);
  expect(limited[0]).toMatch(/\d+ s/);
  expect(exitCode).toBe(1);
  const codes = (await auditOf(installation)).flatMap(({ data }) => data['code'] ?? []);
  expect(codes).toEqual(['TOO_MANY_AGENTS', 'TOO_MANY_PENDING']);
  expect(await installation.leftovers()).toEqual([]);
});
