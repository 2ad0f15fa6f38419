import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeText, stripMention, unwrapCode } from '../../../../../channels/slack/text/decode.ts';

/** As Slack sends what was typed. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A piece that was typed and what Slack makes of it. */
const piece = fc.oneof(
  fc.string({ unit: 'binary' }).map((typed) => ({ typed, sent: escape(typed) })),
  fc
    .constantFrom(
      '&',
      '<',
      '>',
      '&amp;',
      '&lt;!channel&gt;',
      '<https://x|y>',
      '<@U1>',
      '<!here>',
      '&quot;',
      '|',
    )
    .map((typed) => ({ typed, sent: escape(typed) })),
  fc.webUrl().map((typed) => ({ typed, sent: `<${escape(typed)}>` })),
  fc.domain().map((typed) => ({ typed, sent: `<http://${typed}|${typed}>` })),
  fc.constant({ typed: 'a@b.example', sent: '<mailto:a@b.example|a@b.example>' }),
);

describe('text from Slack', () => {
  test('is what was typed, whatever Slack made of it', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const typed = pieces.map((part) => part.typed).join('');
        const sent = pieces.map((part) => part.sent).join('');

        expect(decodeText(sent)).toBe(typed);
      }),
    );
  });

  test.each([
    ['cat &lt;in &gt;out &amp;&amp; ls', 'cat <in >out && ls'],
    ['&amp;lt;', '&lt;'],
    ['&quot;&#39;&nbsp;', '&quot;&#39;&nbsp;'],
    ['curl <https://x.example/a?b=1&amp;c=2>', 'curl https://x.example/a?b=1&c=2'],
    ['curl <http://x.example|x.example>', 'curl x.example'],
    ['<https://x.example|a &amp; b>', 'a & b'],
    ['<https://x.example|>', ''],
    ['<mailto:a@b.example|a@b.example>', 'a@b.example'],
    ['<mailto:a@b.example>', 'a@b.example'],
    ['<tel:+15550100|+1 555 0100>', '+1 555 0100'],
    ['<@U1|alice>', '@alice'],
    ['<@U1>', '@U1'],
    ['<#C1|general>', '#general'],
    ['<#C1|>', '#C1'],
    ['<#C1>', '#C1'],
    ['<!subteam^S1|@team>', '@team'],
    ['<!subteam^S1>', '@S1'],
    ['<!here>', '@here'],
    ['<!channel|channel>', '@channel'],
    ['<!date^1392734382^{date}|18 February 2014>', '18 February 2014'],
    ['a <b> c', 'a <b> c'],
    ['a < b', 'a < b'],
    ['<>', '<>'],
  ])('%j was typed as %j', (sent, typed) => {
    expect(decodeText(sent)).toBe(typed);
  });

  test('keeps every byte of a line that a phone made curly', () => {
    const line = 'echo \u201chello\u201d \u2014all \u2018x\u2019\u2026\u00a0y';

    expect(decodeText(line)).toBe(line);
  });

  test('is read in one go however many brackets never close', () => {
    for (const text of ['<'.repeat(100_000), '<@'.repeat(50_000), '<https://x|'.repeat(20_000)]) {
      expect(decodeText(text)).toBe(text);
    }
  });
});

describe('a mention', () => {
  test.each([
    ['<@B1> ls -la', 'ls -la'],
    ['<@B1|airlock> stop', 'stop'],
    ['  <@B1>:  stop', 'stop'],
    ['<@B1>, stop', 'stop'],
    ['<@B1>\u00a0ls', 'ls'],
    ['<@B1>', ''],
    ['<@B1> <@B1> ls', '<@B1> ls'],
    ['<@B1> -- stop', '-- stop'],
  ])('%j says %j', (text, rest) => {
    expect(stripMention(text, 'B1')).toBe(rest);
  });

  test.each(['ask <@B1> about it', '<@U2> ls', 'ls', '', '@B1 ls', '&lt;@B1&gt; ls'])(
    'of the bot does not begin %j',
    (text) => {
      expect(stripMention(text, 'B1')).toBeNull();
    },
  );
});

describe('a line written as code', () => {
  test.each([
    ['`ls -la`', 'ls -la'],
    [' `ls` ', 'ls'],
    ['```ls -la```', 'ls -la'],
    ['```\nfor i in 1 2; do\n  echo $i\ndone\n```', 'for i in 1 2; do\n  echo $i\ndone'],
  ])('%j is %j', (text, line) => {
    expect(unwrapCode(text)).toBe(line);
  });

  test.each(['echo `date`', '`date` x', '`a` `b`', '``', 'ls', '```a``` ```b```', ''])(
    'is not all of %j, which stays as it is',
    (text) => {
      expect(unwrapCode(text)).toBe(text);
    },
  );
});
