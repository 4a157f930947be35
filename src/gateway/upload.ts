/**
 * Bodies that are too large for memory: each is received into a file of its own, as it comes.
 *
 * 1. Bounded in bytes, in time and in number at once. While the disk is slower than the client, the client waits: of
 *    one body at most `waitingBytesMax` and a chunk are in memory.
 * 2. The SHA-256 of what was sent is made chunk by chunk (a chunk of uWS has at most 512 KiB), so no thread is held.
 * 3. Whatever breaks off, and whatever its handler does not move elsewhere, is removed. Files of a process that was
 *    killed are removed by the next start of the same gateway.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Refusal } from '../protocol/codes.ts';
import { DoorbusterError } from '../protocol/errors.ts';

/** What a route takes in this way. */
export interface UploadRules {
  /** Media types; their parameters do not matter. */
  readonly types: readonly string[];
  /** Of another type; `unsupported_media_type` when not given. */
  readonly refusal?: Refusal;
  /** Of `Content-Encoding`, beside none: the handler unpacks. */
  readonly codings?: readonly string[];
  /** As sent. */
  readonly bytesMax: number;
  readonly secondsMax: number;
  /** Of all uploads of this route at this gateway. */
  readonly atOnceMax: number;
  /** Of those of one account; as many as at once when not given. */
  readonly perAccountMax?: number;
}

/** A body that has come as a whole. */
export interface UploadedFile {
  /** Its handler may move it; where it still is after the answer, it is removed. */
  readonly path: string;
  readonly bytes: number;
  /** Of the bytes sent, in lower-case hex. */
  readonly sha256: string;
  readonly contentType: string;
  /** `identity` or one of the codings. */
  readonly contentEncoding: string;
}

/** What an upload asks of its connection. */
interface Flow {
  pause(): void;
  resume(): void;
  /** The file cannot be written, or the time is over. */
  onFailure(error: unknown): void;
}

const waitingBytesMax = 1024 * 1024;

/** The open uploads of one gateway. Those of one route, or account, take no room of another's. */
export class Uploads {
  readonly #folder: string;
  readonly #openByRules = new Map<UploadRules, string[]>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  get open(): number {
    return [...this.#openByRules.values()].reduce((sum, accounts) => sum + accounts.length, 0);
  }

  /** Removes what an earlier run of this gateway left. */
  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Refuses with `unsupported_media_type` (or what the rules say), `busy`, or `rate_limited` for the account's own. */
  begin(
    rules: UploadRules,
    accountId: string,
    contentType: string,
    contentEncoding: string,
    flow: Flow,
  ): Upload {
    const { types, refusal = 'unsupported_media_type', atOnceMax, perAccountMax } = rules;
    const type = contentType.split(';', 1)[0]!.trim().toLowerCase();
    if (!types.includes(type)) throw new DoorbusterError(refusal, `Send the body as ${types.join(' or ')}`);
    const coding = contentEncoding.trim().toLowerCase() || 'identity';
    if (coding !== 'identity' && !rules.codings?.includes(coding))
      throw new DoorbusterError('unsupported_media_type', `There is no way here to read ${coding}`);
    const open = this.#openByRules.get(rules) ?? [];
    if (open.length >= atOnceMax)
      throw new DoorbusterError('busy', 'Too many uploads are under way: try again', {
        retryAfterSeconds: 10,
      });
    if (open.filter((account) => account === accountId).length >= (perAccountMax ?? atOnceMax))
      throw new DoorbusterError('rate_limited', `At most ${perAccountMax} uploads of an account at once`, {
        retryAfterSeconds: 1,
      });
    this.#openByRules.set(rules, [...open, accountId]);
    const described = { path: join(this.#folder, randomUUID()), contentType: type, contentEncoding: coding };
    return new Upload(this.#folder, rules, described, flow, () => {
      const left = this.#openByRules.get(rules)!;
      this.#openByRules.set(rules, left.toSpliced(left.indexOf(accountId), 1));
    });
  }
}

export class Upload {
  readonly #rules: UploadRules;
  readonly #described: Pick<UploadedFile, 'path' | 'contentType' | 'contentEncoding'>;
  readonly #flow: Flow;
  readonly #onClosed: () => void;
  readonly #hash = createHash('sha256');
  readonly #file: Promise<FileHandle>;
  readonly #timer: NodeJS.Timeout;
  /** The end of the last write that was begun. */
  #written: Promise<unknown>;
  #bytes = 0;
  #waitingBytes = 0;
  #isPaused = false;
  #isClosed = false;

  constructor(
    folder: string,
    rules: UploadRules,
    described: Pick<UploadedFile, 'path' | 'contentType' | 'contentEncoding'>,
    flow: Flow,
    onClosed: () => void,
  ) {
    this.#rules = rules;
    this.#described = described;
    this.#flow = flow;
    this.#onClosed = onClosed;
    this.#file = mkdir(folder, { recursive: true, mode: 0o700 }).then(() =>
      open(described.path, 'wx', 0o600),
    );
    this.#written = this.#file;
    this.#written.catch((error) => this.#fail(error));
    const late = () => this.#fail(new DoorbusterError('request_timeout', 'The body took too long'));
    this.#timer = setTimeout(late, rules.secondsMax * 1_000).unref();
  }

  /** Copies the chunk, whose memory uWS takes back. False when there are more bytes than there may be. */
  add(chunk: ArrayBuffer): boolean {
    this.#bytes += chunk.byteLength;
    if (this.#bytes > this.#rules.bytesMax) return false;
    if (chunk.byteLength === 0 || this.#isClosed) return true;
    const bytes = Buffer.from(new Uint8Array(chunk));
    this.#hash.update(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > waitingBytesMax && !this.#isPaused) {
      this.#isPaused = true;
      this.#flow.pause();
    }
    this.#written = this.#written.then(() => this.#write(bytes));
    this.#written.catch((error) => this.#fail(error));
    return true;
  }

  async #write(bytes: Buffer): Promise<void> {
    if (!this.#isClosed) await (await this.#file).writeFile(bytes);
    this.#waitingBytes -= bytes.length;
    if (!this.#isPaused || this.#isClosed || this.#waitingBytes > waitingBytesMax / 2) return;
    this.#isPaused = false;
    this.#flow.resume();
  }

  /** The whole body is in its file. */
  async finish(): Promise<UploadedFile> {
    clearTimeout(this.#timer);
    await this.#written;
    await (await this.#file).close();
    return { ...this.#described, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Removes the file, unless its handler has moved it. The connection is not touched any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#onClosed();
    void this.#remove();
  }

  async #remove(): Promise<void> {
    await this.#written.catch(() => {});
    // A second close of a finished file is refused, and changes nothing.
    await this.#file.then((file) => file.close()).catch(() => {});
    await rm(this.#described.path, { force: true }).catch(() => {});
  }

  #fail(error: unknown): void {
    if (!this.#isClosed) this.#flow.onFailure(error);
  }
}
