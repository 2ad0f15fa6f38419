/** One accepted request, kept until what it caused is on record. */
export interface InboxRecord {
  /** `<channel>:<the platform's delivery id>`; unique. */
  deliveryId: string;
  channel: string;
  kind: 'command' | 'button' | 'form';
  /** The request as JSON (CommandRequest, ButtonRequest or FormRequest of the Channel port). */
  request: string;
  receivedAt: number;
  settledAt: number | null;
  /** The action it led to, when it led to one. */
  actionId: string | null;
  nodeId: string;
}
