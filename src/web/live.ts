/**
 * The only live connection of a tab, shared by all that its page shows.
 *
 * 1. It stands while somebody listens. A lost one is built again after 0.5, 1, 2, 4 … 15 s with full jitter, at once when
 *    the browser is online again, the page is shown again, or only its token had ended; `drain` says when to come back.
 *    A browser that is offline has none, whatever its socket believes.
 * 2. After three tries without `ready` listeners are told to poll (`connection` says `polling`); the socket is still
 *    tried.
 * 3. A connection that the server closed for newer ones of the same account is tried again when somebody looks at the
 *    page, and after minutes: tabs that push each other out would do so for ever.
 * 4. After each `ready` every listener subscribes again: the answer replaces what it knew.
 * 5. Frames reach the listeners at most once an animation frame, in their order, all of them: a page that is hidden
 *    gets them ten times a second at the most.
 */
import { effect, signal } from '@preact/signals';
import { isBrowser } from './browser.ts';
import { hearServerTime } from './clock.ts';
import { accessToken, renew, session } from './session.ts';

export type Frame = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface Listener {
  /**
   * Fields of the `subscribe` frame; asked for each time, because a ticket may have come meanwhile. null: frames of the
   * account, which come to each of its connections, are enough.
   */
  topic(): Readonly<Record<string, unknown>> | null;
  onFrame(frame: Frame): void;
  /** The answer to `subscribe`: all current state. Without a topic: the connection stands (again). */
  onSubscribed?(status: number, body: unknown): void;
}

export type Connection = 'off' | 'connecting' | 'live' | 'reconnecting' | 'polling';

/** What the page says of its connection. */
export const connection = signal<Connection>('off');

const firstPauseMs = 500;
const pauseMaxMs = 15_000;
const readyWithinMs = 6_000;
const failuresUntilPolling = 3;
/** A gap that is over by then is not worth a word. */
const sayLostAfterMs = 1_000;
const replyWithinMs = 10_000;
const closedForNewer = 4009;
const closedForNewerPauseMs = 5 * 60_000;

const listeners = new Set<Listener>();
const waiting = new Map<string, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
let socket: WebSocket | null = null;
let isReady = false;
let failures = 0;
let nextId = 0;
let heardAtMs = 0;
let heartbeatMs = 30_000;
let retryTimer: ReturnType<typeof setTimeout> | undefined;
let lostTimer: ReturnType<typeof setTimeout> | undefined;
let readyTimer: ReturnType<typeof setTimeout> | undefined;
let tokenInUse: string | null = null;

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** Listens until the answer is called. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  if (isReady) void subscribe(listener);
  else wake();
  return () => {
    listeners.delete(listener);
    const topic = listener.topic();
    if (isReady && topic !== null) void request({ type: 'unsubscribe', ...topic }).catch(() => {});
    if (listeners.size === 0) close();
  };
}

/** Subscribes anew, after the topic of a listener has changed. */
export function resubscribe(listener: Listener): void {
  if (isReady && listeners.has(listener)) void subscribe(listener);
}

/** Sends a frame that is answered. Rejects when there is no connection, or it breaks. */
function request(frame: Frame): Promise<Reply> {
  const id = `r${nextId++}`;
  return new Promise((resolve, reject) => {
    if (!isReady || socket === null) {
      reject(new Error('not connected'));
      return;
    }
    const timer = setTimeout(() => settle(id)?.reject(new Error('no answer')), replyWithinMs);
    waiting.set(id, {
      resolve: (reply) => {
        clearTimeout(timer);
        resolve(reply);
      },
      reject: (error) => {
        clearTimeout(timer);
        reject(error);
      },
    });
    socket.send(JSON.stringify({ ...frame, id }));
  });
}

function settle(id: string) {
  const found = waiting.get(id);
  waiting.delete(id);
  return found;
}

async function subscribe(listener: Listener): Promise<void> {
  const topic = listener.topic();
  try {
    const { status, body } =
      topic === null ? { status: 204, body: null } : await request({ type: 'subscribe', ...topic });
    if (listeners.has(listener)) listener.onSubscribed?.(status, body);
  } catch {
    // The connection broke: it is done again after the next `ready`.
  }
}

/** Tries now, unless a connection stands or is being made. */
function wake(): void {
  clearTimeout(retryTimer);
  if (socket === null && listeners.size > 0 && session.value !== null) void open();
}

async function open(): Promise<void> {
  if (connection.value === 'off') connection.value = 'connecting';
  const opened = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/v1/live`);
  socket = opened;
  const isCurrent = () => socket === opened;
  readyTimer = setTimeout(() => opened.close(), readyWithinMs);
  opened.onopen = async () => {
    const token = await accessToken();
    tokenInUse = token;
    if (!isCurrent()) return;
    if (token === null) opened.close();
    else opened.send(JSON.stringify({ type: 'authenticate', accessToken: token }));
  };
  opened.onmessage = ({ data }) => {
    if (isCurrent()) receive(JSON.parse(data as string) as Frame);
  };
  opened.onclose = ({ code }) => {
    if (isCurrent()) onClosed(code);
  };
}

function receive(frame: Frame): void {
  heardAtMs = performance.now();
  switch (frame.type) {
    case 'ready':
      onReady(frame);
      break;
    case 'reply':
      settle(String(frame.id))?.resolve({ status: Number(frame.status), body: frame.body });
      break;
    case 'drain':
      onDrain(Number(frame.reconnectAfterSeconds) || 1);
      break;
    default:
      enqueue(frame);
  }
}

function onReady(frame: Frame): void {
  clearTimeout(readyTimer);
  clearTimeout(lostTimer);
  hearServerTime(frame.serverTime as string);
  heartbeatMs = (Number(frame.heartbeatSeconds) || 30) * 1000;
  const isFirst = !isReady;
  isReady = true;
  failures = 0;
  connection.value = 'live';
  // Also the answer to a new token on a connection that stands: nothing was missed then.
  if (isFirst) for (const listener of listeners) void subscribe(listener);
}

function onDrain(seconds: number): void {
  leave(seconds * 1000 * (0.5 + Math.random()));
}

/** Gives the connection up, and tries again after that time. */
function leave(pauseMs: number): void {
  close();
  lost();
  retryTimer = setTimeout(wake, pauseMs);
}

function onClosed(code: number): void {
  forget();
  if (listeners.size === 0) {
    connection.value = 'off';
    return;
  }
  const isForNewer = code === closedForNewer;
  failures = isForNewer ? failuresUntilPolling : failures + 1;
  lost();
  const pauseMaxNowMs = isForNewer
    ? closedForNewerPauseMs
    : Math.min(pauseMaxMs, firstPauseMs * 2 ** (failures - 1));
  const pauseMs = pauseMaxNowMs * (isForNewer ? 0.5 + Math.random() : Math.random());
  const isTokenRefused = code === 4001 && tokenInUse !== null;
  // A token that has ended is no trouble of the server: with the next one the page is back at once.
  const pauseAfterRenewalMs = failures > 1 ? pauseMs : 0;
  if (isTokenRefused)
    void renew(tokenInUse!).then(() => (retryTimer = setTimeout(wake, pauseAfterRenewalMs)));
  else retryTimer = setTimeout(wake, pauseMs);
}

function lost(): void {
  if (failures >= failuresUntilPolling) connection.value = 'polling';
  else if (connection.value === 'live') {
    clearTimeout(lostTimer);
    lostTimer = setTimeout(() => {
      if (!isReady && connection.value === 'live') connection.value = 'reconnecting';
    }, sayLostAfterMs);
  }
}

function forget(): void {
  clearTimeout(readyTimer);
  isReady = false;
  socket = null;
  for (const id of [...waiting.keys()]) settle(id)?.reject(new Error('the connection broke'));
}

function close(): void {
  const closing = socket;
  forget();
  clearTimeout(retryTimer);
  closing?.close();
  if (listeners.size === 0) {
    clearTimeout(lostTimer);
    connection.value = 'off';
  }
}

// ----------------------------------------------------------------
// Frames, gathered.

let queue: Frame[] = [];
let isScheduled = false;

function enqueue(frame: Frame): void {
  queue.push(frame);
  if (isScheduled) return;
  isScheduled = true;
  if (document.hidden) setTimeout(deliver, 100);
  else requestAnimationFrame(deliver);
}

function deliver(): void {
  isScheduled = false;
  const frames = queue;
  queue = [];
  for (const frame of frames) {
    if (typeof frame.asOf === 'string') hearServerTime(frame.asOf);
    for (const listener of [...listeners]) listener.onFrame(frame);
  }
}

// ----------------------------------------------------------------
// What wakes it.

function keepAwake(): void {
  addEventListener('online', wake);
  addEventListener('offline', () => {
    if (socket !== null) leave(pauseMaxMs);
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    // A frame that was asked for while the page was hidden may never be drawn.
    if (isScheduled) deliver();
    const isDeaf = isReady && performance.now() - heardAtMs > 2 * heartbeatMs;
    if (isDeaf) close();
    wake();
  });

  // A new session is another connection; a new token of the same one is told to the connection that stands.
  let accountId = session.value?.accountId ?? null;
  effect(() => {
    const { value } = session;
    const isOther = value?.accountId !== accountId;
    accountId = value?.accountId ?? null;
    if (isOther) {
      close();
      wake();
    } else if (isReady && value !== null && value.accessToken !== tokenInUse) {
      tokenInUse = value.accessToken;
      socket?.send(JSON.stringify({ type: 'authenticate', accessToken: value.accessToken }));
    }
  });

  // The token of a page that stays open over night is renewed before it ends, whether or not the page asks for anything.
  setInterval(() => {
    if (isReady) void accessToken();
  }, 15_000);
}

// Where pages are drawn for who has no script there is nothing to hear, and nobody to wake.
if (isBrowser) keepAwake();
