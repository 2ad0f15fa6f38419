/** What chat.* accept as a message. */
import { blocksLength, checkBlocks } from './check-blocks.ts';
import { createReport } from './check-elements.ts';
import { asList, asText, isJson, refuse } from './json.ts';
import { LIMITS } from './limits.ts';
import type { Json } from './types.ts';
import type { World } from './world.ts';

interface Checked {
  text: string;
  blocks: Json[];
  metadata: { event_type: string; event_payload: Json } | undefined;
}

/** The message, or the platform's refusal; a refusal by a rule of size or shape is a violation too. */
export function checkMessage(world: World, args: Json, mostText: number): Checked | { refusal: Json } {
  const text = asText(args['text']);
  const refused = (rule: string, error: string, messages: readonly string[]) => {
    world.broke(rule, `${error}: ${messages.join('; ')}`);
    return { refusal: refuse(error, { response_metadata: { messages } }) };
  };
  if (args['blocks'] !== undefined && !Array.isArray(args['blocks']))
    return refused('blocks', 'invalid_blocks_format', ['blocks must be a list']);
  const blocks = asList(args['blocks']);
  if (text === '' && blocks.length === 0) return refused('text', 'no_text', ['neither text nor blocks']);
  if (text.length > mostText) return refused('text', 'msg_too_long', [`${text.length} characters`]);
  if (Array.isArray(args['blocks']) && args['blocks'].length > 0) {
    const report = createReport();
    checkBlocks(args['blocks'], LIMITS.blocksInMessage, report);
    if (report.messages.length > 0) return refused('blocks', 'invalid_blocks', report.messages);
    const length = blocksLength(blocks);
    if (length > LIMITS.blocksText)
      return refused('blocks', 'msg_blocks_too_long', [`${length} characters over all blocks`]);
    if (text === '')
      world.broke('text', 'blocks without a text: notifications and screen readers get nothing');
  }
  const metadata = args['metadata'];
  if (metadata === undefined || (isJson(metadata) && Object.keys(metadata).length === 0))
    return { text, blocks, metadata: undefined };
  if (!isJson(metadata) || asText(metadata['event_type']) === '' || !isJson(metadata['event_payload']))
    return refused('metadata', 'invalid_metadata_format', ['event_type and event_payload are needed']);
  if (JSON.stringify(metadata).length > LIMITS.metadataBytes)
    return refused('metadata', 'metadata_too_large', [`${JSON.stringify(metadata).length} characters`]);
  const { event_type, event_payload } = metadata;
  return {
    text,
    blocks,
    metadata: { event_type: asText(event_type), event_payload: asJsonOf(event_payload) },
  };
}

const asJsonOf = (value: unknown): Json => (isJson(value) ? value : {});

/** Blocks without an id get one, as on the platform. */
export const withIds = (world: World, blocks: readonly Json[]): Json[] =>
  blocks.map((block) => ({ ...block, block_id: block['block_id'] ?? world.id('b') }));
