/** Block elements: buttons, inputs, menus. */
import { asList, asText, isJson } from './json.ts';
import { LIMITS } from './limits.ts';
import type { Json } from './types.ts';

/** Collects what is wrong, in the platform's words. */
export interface Report {
  readonly messages: string[];
  say(message: string, path: string): void;
  /** A string of at most so many characters. */
  length(value: unknown, path: string, most: number, required: boolean): void;
  /** A text object of either kind. */
  text(value: unknown, path: string, most: number): void;
  /** A text object that is plain. */
  plain(value: unknown, path: string, most: number): void;
  /** A list that is neither empty nor too long; what is no object is left out. */
  list(value: unknown, path: string, most: number): Json[];
  unique(values: readonly unknown[], what: string, path: string): void;
}

export function createReport(): Report {
  const messages: string[] = [];
  const say = (message: string, path: string) =>
    void messages.push(`[ERROR] ${message} [json-pointer:${path}]`);
  const report: Report = {
    messages,
    say,
    length(value, path, most, required) {
      if (value === undefined && !required) return;
      if (typeof value !== 'string') return say('must be a string', path);
      if (value.length === 0 && required) say('must be more than 0 characters', path);
      if (value.length > most) say(`must be less than ${most + 1} characters`, path);
    },
    text(value, path, most) {
      if (!isJson(value)) return say('missing field: text', path);
      if (value['type'] !== 'plain_text' && value['type'] !== 'mrkdwn')
        say(`unsupported type: ${asText(value['type'])}`, path);
      report.length(value['text'], `${path}/text`, most, true);
    },
    plain(value, path, most) {
      report.text(value, path, most);
      if (isJson(value) && value['type'] === 'mrkdwn') say('unsupported type: mrkdwn', path);
    },
    list(value, path, most) {
      if (!Array.isArray(value)) {
        say('must be an array', path);
        return [];
      }
      if (value.length === 0) say('must have at least 1 item', path);
      if (value.length > most) say(`no more than ${most} items allowed`, path);
      if (!value.every(isJson)) say('must be an object', path);
      return asList(value);
    },
    unique(values, what, path) {
      const given = values.filter((value) => value !== undefined);
      const twice = given.find((value, at) => given.indexOf(value) !== at);
      if (twice !== undefined) say(`${what} ${JSON.stringify(twice)} already exists`, path);
    },
  };
  return report;
}

type Rule = (element: Json, path: string, report: Report) => void;

function checkConfirm(value: unknown, path: string, report: Report): void {
  if (value === undefined) return;
  if (!isJson(value)) return report.say('must be an object', path);
  report.plain(value['title'], `${path}/title`, LIMITS.confirmTitle);
  report.plain(value['text'], `${path}/text`, LIMITS.confirmText);
  report.plain(value['confirm'], `${path}/confirm`, LIMITS.confirmButton);
  report.plain(value['deny'], `${path}/deny`, LIMITS.confirmButton);
}

function options(most: number): Rule {
  return (element, path, report) => {
    const list = report.list(element['options'], `${path}/options`, most);
    list.forEach((option, at) => {
      report.text(option['text'], `${path}/options/${at}/text`, LIMITS.optionText);
      report.length(option['value'], `${path}/options/${at}/value`, LIMITS.optionValue, true);
    });
    const initial = element['initial_option'];
    if (isJson(initial) && !list.some((option) => option['value'] === initial['value']))
      report.say('initial_option must exist in options', path);
    placeholder(element, path, report);
  };
}

const placeholder: Rule = (element, path, report) => {
  if (element['placeholder'] !== undefined)
    report.plain(element['placeholder'], `${path}/placeholder`, LIMITS.placeholder);
};

const RULES: Readonly<Record<string, Rule>> = {
  button(element, path, report) {
    report.plain(element['text'], `${path}/text`, LIMITS.buttonText);
    report.length(element['value'], `${path}/value`, LIMITS.buttonValue, false);
    report.length(element['url'], `${path}/url`, LIMITS.url, false);
    report.length(element['accessibility_label'], `${path}/accessibility_label`, LIMITS.buttonText, false);
    const style = element['style'];
    if (style !== undefined && style !== 'primary' && style !== 'danger')
      report.say(`invalid style ${JSON.stringify(style)}`, `${path}/style`);
    checkConfirm(element['confirm'], `${path}/confirm`, report);
  },
  image(element, path, report) {
    report.length(element['image_url'], `${path}/image_url`, LIMITS.url, true);
    report.length(element['alt_text'], `${path}/alt_text`, LIMITS.altText, true);
  },
  plain_text_input(element, path, report) {
    const most = element['max_length'] ?? LIMITS.inputText;
    if (typeof most !== 'number' || most < 1 || most > LIMITS.inputText)
      report.say(`must be between 1 and ${LIMITS.inputText}`, `${path}/max_length`);
    else report.length(element['initial_value'], `${path}/initial_value`, most, false);
    placeholder(element, path, report);
  },
  static_select: options(LIMITS.selectOptions),
  multi_static_select: options(LIMITS.selectOptions),
  radio_buttons: options(LIMITS.choiceOptions),
  checkboxes: options(LIMITS.choiceOptions),
  overflow: options(LIMITS.overflowOptions),
  users_select: placeholder,
  conversations_select: placeholder,
  channels_select: placeholder,
  datepicker: placeholder,
};

export function checkElement(value: unknown, path: string, report: Report): void {
  if (!isJson(value)) return report.say('missing element', path);
  const rule = RULES[asText(value['type'])];
  if (rule === undefined) return report.say(`unsupported type: ${asText(value['type'])}`, path);
  report.length(value['action_id'], `${path}/action_id`, LIMITS.identifier, false);
  rule(value, path, report);
}
