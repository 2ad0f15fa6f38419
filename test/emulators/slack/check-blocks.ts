/** Block Kit's rules, told as the platform tells them. */
import { checkElement, type Report } from './check-elements.ts';
import { checkRichText, textLength } from './check-texts.ts';
import { asList, asText, isJson } from './json.ts';
import { LIMITS } from './limits.ts';
import type { Json } from './types.ts';

type Rule = (block: Json, path: string, report: Report) => void;

const RULES: Readonly<Record<string, Rule>> = {
  divider: () => {},
  section(block, path, report) {
    const fields = block['fields'];
    if (block['text'] === undefined && fields === undefined) report.say('missing field: text', path);
    if (block['text'] !== undefined) report.text(block['text'], `${path}/text`, LIMITS.sectionText);
    if (fields !== undefined) {
      const list = report.list(fields, `${path}/fields`, LIMITS.sectionFields);
      list.forEach((field, at) => report.text(field, `${path}/fields/${at}`, LIMITS.sectionField));
    }
    if (block['accessory'] !== undefined) checkElement(block['accessory'], `${path}/accessory`, report);
  },
  header: (block, path, report) => report.plain(block['text'], `${path}/text`, LIMITS.headerText),
  context(block, path, report) {
    const elements = report.list(block['elements'], `${path}/elements`, LIMITS.contextElements);
    elements.forEach((element, at) => {
      if (element['type'] === 'image') checkElement(element, `${path}/elements/${at}`, report);
      else report.text(element, `${path}/elements/${at}`, LIMITS.sectionText);
    });
  },
  actions(block, path, report) {
    const elements = report.list(block['elements'], `${path}/elements`, LIMITS.actionsElements);
    elements.forEach((element, at) => checkElement(element, `${path}/elements/${at}`, report));
    report.unique(
      elements.map((element) => element['action_id']),
      'action_id',
      `${path}/elements`,
    );
  },
  input(block, path, report) {
    report.plain(block['label'], `${path}/label`, LIMITS.inputLabel);
    if (block['hint'] !== undefined) report.plain(block['hint'], `${path}/hint`, LIMITS.inputLabel);
    checkElement(block['element'], `${path}/element`, report);
    if (isJson(block['element']) && block['element']['type'] === 'button')
      report.say('unsupported type: button', path);
  },
  image(block, path, report) {
    report.length(block['image_url'], `${path}/image_url`, LIMITS.url, true);
    report.length(block['alt_text'], `${path}/alt_text`, LIMITS.altText, true);
  },
  markdown: (block, path, report) => report.length(block['text'], `${path}/text`, LIMITS.markdownText, true),
  rich_text: (block, path, report) => checkRichText(block['elements'], `${path}/elements`, report),
  table(block, path, report) {
    const rows = Array.isArray(block['rows']) ? block['rows'] : [];
    if (rows.length === 0 || rows.length > LIMITS.tableRows)
      report.say('no more than 100 items allowed', `${path}/rows`);
    if (rows.some((row) => !Array.isArray(row) || row.length === 0 || row.length > LIMITS.tableCells))
      report.say('no more than 20 items allowed', `${path}/rows`);
  },
};

/** What is wrong with the blocks; empty when nothing is. */
export function checkBlocks(blocks: unknown, most: number, report: Report): void {
  const list = report.list(blocks, '/blocks', most);
  list.forEach((block, at) => {
    const path = `/blocks/${at}`;
    const rule = RULES[asText(block['type'])];
    if (rule === undefined) report.say(`unsupported type: ${asText(block['type'])}`, path);
    else rule(block, path, report);
    report.length(block['block_id'], `${path}/block_id`, LIMITS.identifier, false);
  });
  report.unique(
    list.map((block) => block['block_id']),
    'block_id',
    '/blocks',
  );
}

/** Characters over all texts, as `msg_blocks_too_long` counts them. */
export const blocksLength = (blocks: unknown): number =>
  asList(blocks).reduce((sum, block) => sum + textLength(block), 0);
