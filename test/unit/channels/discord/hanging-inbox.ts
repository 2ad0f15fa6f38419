import type { Accepted, Inbox, Reply } from '../../../../src/conversation/channel.ts';

/** An inbox whose store hangs until `settle`. */
export function hangingInbox() {
  const asked = Promise.withResolvers<Reply>();
  const settled = Promise.withResolvers<Accepted>();
  const take = (_: unknown, reply: Reply) => {
    asked.resolve(reply);
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
