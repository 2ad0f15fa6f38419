import type { Accepted, Inbox, Patience, Reply } from '../../src/conversation/channel.ts';

/** An inbox whose store hangs until `settle`. */
export function hangingInbox() {
  const asked = Promise.withResolvers<{ reply: Reply; patience: AbortSignal }>();
  const settled = Promise.withResolvers<Accepted>();
  const take = (_: unknown, reply: Reply, { patience }: Patience = {}) => {
    if (patience !== undefined) asked.resolve({ reply, patience });
    return settled.promise;
  };
  const inbox: Inbox = {
    command: take,
    button: take,
    form: take,
    complete: async () => [],
    home: async () => [],
  };
  const settle = () =>
    settled.resolve({
      duplicate: false,
      settled: Promise.resolve({ ok: true, waiting: false, actionId: null }),
    });
  return { inbox, answer: { asked: asked.promise, settle } };
}
