/**
 * Tells a gateway which sessions have ended, whichever gateway or process ended them: it asks the table once a second.
 * While the database is away nobody can end a session either; the first answer after that brings what was missed.
 */
import type { Services } from '../../gateway/route.ts';
import { tokensOf } from '../../gateway/tokens.ts';
import { readEndedSessions } from './sessions.ts';

const everyMs = 1_000;

/** Answers with a function that stops it. */
export function followRevocations(services: Services): () => void {
  const { database, log, now } = services;
  const tokens = tokensOf(services);
  let cursor = '0';
  let hasFailed = false;
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;

  async function round(): Promise<void> {
    try {
      const read = await readEndedSessions(database, cursor);
      tokens.revoke(
        read.ended.map(({ sessionId, seconds }) => ({ sessionId, untilMs: now() + seconds * 1000 })),
      );
      cursor = read.cursor;
      hasFailed = false;
    } catch (error) {
      if (!hasFailed && !isStopped) log('warn', 'ended sessions cannot be read', { error: String(error) });
      hasFailed = true;
    }
    if (!isStopped) timer = setTimeout(round, everyMs).unref();
  }

  void round();
  return () => {
    isStopped = true;
    if (timer !== null) clearTimeout(timer);
  };
}
