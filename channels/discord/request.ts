import type { RESTOptions } from 'discord.js';

/**
 * Asks by Node's own fetch. What discord.js takes by default goes through the connection pool of the whole process, and the one that
 * Slack's library puts there refuses discord.js's files.
 */
export const makeRequest: RESTOptions['makeRequest'] = (url, { dispatcher: _pool, ...init }) =>
  // The same shape, declared by another release of the library that Node has built in.
  fetch(url, init as RequestInit);
