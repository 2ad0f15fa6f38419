/**
 * What Slack takes, and what this channel lets itself use. Every message is within them by construction: its parts are given room
 * one after the other, the most important first, and what finds no room is cut and says so.
 */
export const SLACK_LIMITS = {
  /** Blocks of a message and of a view. */
  blocksPerMessage: 50,
  blocksPerView: 100,
  /**
   * A message as {@link weigh} counts it. Slack refuses near 13,200 (`msg_blocks_too_long`) and says neither the figure nor what counts:
   * blocks without text cost about 100 each, and 11,341 characters in many small elements have been refused. So the whole JSON is
   * counted, in bytes, and a tenth is left free.
   */
  totalWeight: 12_000,
  blockWeight: 100,
  /** A home tab, which that limit does not hold: some ten cards, more than anybody reads. */
  homeWeight: 24_000,
  headerCharacters: 150,
  sectionCharacters: 3000,
  buttonCharacters: 75,
  buttonValueCharacters: 2000,
  buttonsPerBlock: 25,
  /** All buttons of a card; those of the fullest card take half of it. */
  buttonsWeight: 2400,
  confirmTitleCharacters: 100,
  confirmTextCharacters: 300,
  confirmButtonCharacters: 30,
  optionCharacters: 75,
  optionsPerSelect: 100,
  inputLabelCharacters: 150,
  inputCharacters: 3000,
  /** Title, submit and close of a modal. */
  viewTitleCharacters: 24,
  privateMetadataCharacters: 3000,
  /** Before `& < >` are escaped, which takes five characters for one at most: 4,000 is what Slack keeps of an edited message's text. */
  fallbackCharacters: 600,
  /**
   * Code that is shown whole, counted after `escapeText`: at three bytes a character it leaves room for title, state and buttons.
   */
  codeCharacters: 2000,
  /** Output that a card may ask for; with the line that says what is missing it still fits beside code, fields and buttons. */
  outputCharacters: 2000,
  /** Code and output on one page of the full text, as {@link weigh} counts it. */
  pageWeight: 9000,
} as const;
