/** The platform's numbers: characters unless said otherwise. Sources: Block Kit reference, method pages, bolt-js #2509. */
export const LIMITS = {
  blocksInMessage: 50,
  blocksInView: 100,
  /** Over all texts of a message's blocks: `msg_blocks_too_long` above. */
  blocksText: 13_200,
  sectionText: 3000,
  sectionField: 2000,
  sectionFields: 10,
  headerText: 150,
  contextElements: 10,
  actionsElements: 25,
  buttonText: 75,
  buttonValue: 2000,
  url: 3000,
  identifier: 255,
  confirmTitle: 100,
  confirmText: 300,
  confirmButton: 30,
  inputLabel: 2000,
  inputText: 3000,
  placeholder: 150,
  optionText: 75,
  optionValue: 150,
  selectOptions: 100,
  choiceOptions: 10,
  overflowOptions: 5,
  altText: 2000,
  markdownText: 12_000,
  tableRows: 100,
  tableCells: 20,
  viewTitle: 24,
  privateMetadata: 3000,
  viewBytes: 250_000,
  viewStack: 3,
  messageText: 40_000,
  updateText: 4000,
  /** Bytes of JSON. */
  metadataBytes: 16_000,
  fileBytes: 1_000_000_000,
} as const;

/** Milliseconds. */
export const LIFETIMES = {
  ackMs: 3000,
  triggerMs: 3000,
  responseUrlMs: 30 * 60_000,
  ticketMs: 30_000,
  windowMs: 60_000,
} as const;

export const RESPONSE_URL_USES = 5;
export const MAX_CONNECTIONS = 10;
