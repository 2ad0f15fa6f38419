/**
 * What Discord takes, and what this channel lets itself use. Every message is within them by construction: its parts are given room one
 * after the other, the most important first, and what finds no room is cut and says so. Counted in UTF-16 units, never fewer than
 * Discord counts.
 */
export const DISCORD_LIMITS = {
  contentCharacters: 2000,
  descriptionCharacters: 4096,
  footerCharacters: 2048,
  /** Title, description, footer and fields of all embeds of a message. */
  embedCharacters: 6000,
  buttonsPerRow: 5,
  rows: 5,
  buttonCharacters: 80,
  customIdCharacters: 100,
  /** Title of a modal, and label of an input. */
  modalTitleCharacters: 45,
  inputLabelCharacters: 45,
  inputDescriptionCharacters: 100,
  inputCharacters: 4000,
  modalComponents: 5,
  modalTextCharacters: 2000,
  optionsPerSelect: 25,
  optionCharacters: 100,
  threadNameCharacters: 100,
  /**
   * Code that is shown whole, counted after `escapeText`: beside the longest headline it fits into the content of a message, which
   * is shown even where embeds are switched off or not permitted.
   */
  codeCharacters: 1300,
  /** Output that a card may ask for; in an embed it fits beside words, facts and rows. */
  outputCharacters: 1500,
  /** Discord's own for bots without a boosted server. */
  fileBytes: 10 * 1024 * 1024,
} as const;
