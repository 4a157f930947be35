/** The waiting room as a buyer lives it: join, watch the position, leave or be admitted. */
import { randomUUID } from 'node:crypto';
import { type Guest, post, type Scene, see, Unexpected } from './guest.ts';

/** Who is told the number being served trusts that this long before asking all the same. */
const safetyPollMs = 30_000;
/** How often such a buyer compares the number that is being served with the own one. */
const glanceMs = 2_000;
const notOpenMax = 40;

/** null when there is a ticket, else how the visit ended. The join is the same by its requestId, however often it is sent. */
export async function join(scene: Scene, guest: Guest): Promise<string | null> {
  const { saleId, client, clock, timings } = scene;
  const requestId = randomUUID();
  for (let attempt = 1; ; attempt++) {
    const startedAtMs = performance.now();
    let answer = guest.live ? await guest.live.request('join', { saleId, requestId }) : null;
    if (answer) timings.join.record(performance.now() - startedAtMs);
    // Over HTTP when there is no socket, or when it broke or was too busy: the requestId makes it the same join.
    if (!answer || answer.status === 429 || answer.status === 503)
      answer = await client.ask(post(guest, `/v1/sales/${saleId}/tickets`, { requestId }, timings.join));
    if (answer.status === 200 || answer.status === 201) {
      see(scene, guest, answer.body);
      break;
    }
    const code = answer.body?.code;
    if (code === 'sale_ended') return 'came after the end';
    if (code !== 'sale_not_open' || attempt > notOpenMax) throw new Unexpected('join', answer);
    await clock.pause(250);
  }
  guest.live?.subscribe();
  if (guest.character.doubleClicks) {
    const again = await client.ask(post(guest, `/v1/sales/${saleId}/tickets`, { requestId: randomUUID() }));
    if (again.status !== 200) throw new Unexpected('second join', again);
    see(scene, guest, again.body);
  }
  return null;
}

/** null when admitted, else how the wait ended. */
export async function untilAdmitted(scene: Scene, guest: Guest, leaveAtMs: number): Promise<string | null> {
  const { client, saleId, tally } = scene;
  const path = `/v1/sales/${saleId}/tickets/${guest.view.ticketId}`;
  for (;;) {
    if (guest.admission) return null;
    const { status } = guest.view;
    if (status === 'expired') return 'missed the admission';
    if (status !== 'waiting' && status !== 'prequeued' && status !== 'admitted') return `ticket ${status}`;
    if (scene.isOver()) return 'sold out while waiting';
    if (performance.now() >= leaveAtMs) {
      const answer = await client.ask({ method: 'DELETE', path, token: guest.accessToken });
      if (answer.status !== 200 && answer.status !== 204) throw new Unexpected('leave', answer);
      return 'left the queue';
    }
    if (await news(scene, guest, leaveAtMs)) continue;
    if (scene.isOver()) continue;
    const wasUp = guest.live?.isUp ?? false;
    const answer = await client.ask({ method: 'GET', path, token: guest.accessToken });
    if (answer.status !== 200) throw new Unexpected('ticket', answer);
    if (wasUp && !guest.admission && answer.body.admission) tally.add('admissions that no frame told of');
    see(scene, guest, answer.body);
  }
}

/** Waits for a frame about the ticket (true), or until it is time to ask (false). */
async function news(scene: Scene, guest: Guest, leaveAtMs: number): Promise<boolean> {
  const { clock, random, ledger } = scene;
  const pollMs = Math.min(60, Math.max(0.5, Number(guest.view.pollAfterSeconds) || 1)) * 1_000;
  const isTold = guest.live?.isUp ?? scene.isWatched();
  const waitMs = isTold ? safetyPollMs : pollMs * (0.9 + random() * 0.2);
  const untilMs = Math.min(performance.now() + waitMs, leaveAtMs);
  let hasNews = false;
  const frame = new Promise<void>((resolve) => {
    guest.onNews = () => {
      hasNews = true;
      resolve();
    };
  });
  for (
    let remainingMs = untilMs - performance.now();
    remainingMs > 0;
    remainingMs = untilMs - performance.now()
  ) {
    await Promise.race([clock.sleep(Math.min(remainingMs, isTold ? glanceMs : remainingMs)), frame]);
    // The number came up and no frame said so: it may have been lost, so ask.
    const isDue = isTold && ledger.nowServing >= guest.view.ticketNumber;
    if (hasNews || isDue || scene.isOver()) break;
  }
  guest.onNews = null;
  return hasNews;
}
