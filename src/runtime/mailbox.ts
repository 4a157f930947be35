/**
 * A shard's queue of commands. Answers, timers and messages of other actors go before new commands from outside,
 * so that what has begun ends; only commands from outside are bounded, the others by what is pending in the actors.
 */
import type { Code } from '../protocol/codes.ts';
import type { AnyCommand } from '../protocol/command.ts';
import type { AnyDecider } from '../protocol/decider.ts';
import { rowCount } from '../protocol/rows.ts';
import type { Partition } from './partition.ts';

export type ReplyTo = (code: Code, body: unknown) => void;

export interface Envelope {
  readonly partition: Partition;
  readonly decider: AnyDecider;
  readonly key: string;
  readonly command: AnyCommand;
  readonly reply: ReplyTo | null;
  /** The store was asked: no such actor was ever saved. */
  readonly isUnsaved?: boolean;
}

/** A first-in-first-out queue on a growing ring. */
class Ring {
  #items: (Envelope | undefined)[] = new Array(1024);
  #head = 0;
  length = 0;

  push(envelope: Envelope): void {
    if (this.length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.length++) & (this.#items.length - 1)] = envelope;
  }

  shift(): Envelope | undefined {
    if (this.length === 0) return undefined;
    const envelope = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.length--;
    return envelope;
  }

  #grow(): void {
    const items = this.#items;
    this.#items = [...items.slice(this.#head), ...items.slice(0, this.#head), ...new Array(items.length)];
    this.#head = 0;
  }
}

export class Mailbox {
  readonly #inside = new Ring();
  readonly #outside = new Ring();
  readonly #outsideMax: number;
  /** Commands from outside that wait: a group stands for as many as it has rows. */
  #outsideCount = 0;

  constructor(outsideMax: number) {
    this.#outsideMax = outsideMax;
  }

  get depth(): number {
    return this.#inside.length + this.#outsideCount;
  }

  /** False when the bound is reached: the command was not taken. */
  offer(envelope: Envelope): boolean {
    if (this.#outsideCount >= this.#outsideMax) return false;
    this.#outside.push(envelope);
    this.#outsideCount += rowCount(envelope.command);
    envelope.partition.queued++;
    return true;
  }

  /** For answers, timers and other actors' messages. */
  put(envelope: Envelope): void {
    this.#inside.push(envelope);
    envelope.partition.queued++;
  }

  /** Answers `busy` to all commands from outside that were not begun. */
  refuseOutside(): void {
    for (let envelope = this.#outside.shift(); envelope; envelope = this.#outside.shift()) {
      envelope.partition.queued--;
      envelope.reply?.('busy', null);
    }
    this.#outsideCount = 0;
  }

  take(): Envelope | undefined {
    let envelope = this.#inside.shift();
    if (!envelope) {
      envelope = this.#outside.shift();
      if (envelope) this.#outsideCount -= rowCount(envelope.command);
    }
    if (envelope) envelope.partition.queued--;
    return envelope;
  }
}
