/** Texts of Block Kit: how long they are, and rich text. */
import type { Report } from './check-elements.ts';
import { asText, isJson } from './json.ts';

/** Everything a person reads in it. */
export function textLength(node: unknown): number {
  if (Array.isArray(node)) return node.reduce<number>((sum, each) => sum + textLength(each), 0);
  if (!isJson(node)) return 0;
  let length = 0;
  for (const [key, value] of Object.entries(node)) {
    if (typeof value === 'string') length += key === 'text' ? value.length : 0;
    else length += textLength(value);
  }
  return length;
}

const CONTAINERS = ['rich_text_section', 'rich_text_preformatted', 'rich_text_quote', 'rich_text_list'];
const LEAVES = [
  'text',
  'link',
  'emoji',
  'user',
  'usergroup',
  'channel',
  'broadcast',
  'date',
  'color',
  'team',
];

export function checkRichText(elements: unknown, path: string, report: Report): void {
  const list = report.list(elements, path, Number.POSITIVE_INFINITY);
  list.forEach((element, at) => {
    const here = `${path}/${at}`;
    const type = asText(element['type']);
    if (!CONTAINERS.includes(type)) return report.say(`unsupported type: ${type}`, here);
    if (type === 'rich_text_list') return checkRichText(element['elements'], `${here}/elements`, report);
    const leaves = Array.isArray(element['elements']) ? element['elements'].filter(isJson) : [];
    if (!Array.isArray(element['elements'])) report.say('missing field: elements', here);
    leaves.forEach((leaf, index) => {
      const leafType = asText(leaf['type']);
      if (!LEAVES.includes(leafType))
        report.say(`unsupported type: ${leafType}`, `${here}/elements/${index}`);
      if (leafType === 'text' && asText(leaf['text']) === '')
        report.say('must be more than 0 characters', `${here}/elements/${index}/text`);
    });
  });
}
