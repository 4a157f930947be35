/** Redis' own protocol: what commands look like, and what becomes of replies however they arrive. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCommands, RedisError, ReplyReader } from '../../../src/persistence/journal/redis-protocol.ts';

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

describe('commands', () => {
  it('say how many parts they have and how many bytes each part has, one behind the other', () => {
    const bytes = encodeCommands([
      ['xadd', 'key', '1-2', 'f', Uint8Array.of(0, 13, 10, 255)],
      ['auth', 'pässword'],
      ['select', 12],
    ]);
    expect(text(bytes)).toBe(
      '*5\r\n$4\r\nxadd\r\n$3\r\nkey\r\n$3\r\n1-2\r\n$1\r\nf\r\n$4\r\n\x00\r\n\xff\r\n' +
        '*2\r\n$4\r\nauth\r\n$9\r\np\xc3\xa4ssword\r\n' +
        '*2\r\n$6\r\nselect\r\n$2\r\n12\r\n',
    );
  });

  it('end with bytes as well as with words', () => {
    const parts = [Uint8Array.of(), Uint8Array.of(1)] as const;
    expect(text(encodeCommands([['set', ...parts]]))).toBe('*3\r\n$3\r\nset\r\n$0\r\n\r\n$1\r\n\x01\r\n');
  });
});

/** Written as Redis would, as plain values for comparing. */
type Reply = string | number | null | { error: string } | Uint8Array | Reply[];

function written(reply: Reply): Buffer {
  if (reply === null) return Buffer.from('$-1\r\n');
  if (typeof reply === 'string') return Buffer.from(`+${reply}\r\n`);
  if (typeof reply === 'number') return Buffer.from(`:${reply}\r\n`);
  if (reply instanceof Uint8Array)
    return Buffer.concat([Buffer.from(`$${reply.length}\r\n`), reply, Buffer.from('\r\n')]);
  if (Array.isArray(reply))
    return Buffer.concat([Buffer.from(`*${reply.length}\r\n`), ...reply.map(written)]);
  return Buffer.from(`-${reply.error}\r\n`);
}

function plain(value: unknown): Reply {
  if (value instanceof RedisError) return { error: value.message };
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  return Array.isArray(value) ? value.map(plain) : (value as Reply);
}

const word = fc.string({ unit: fc.constantFrom('a', 'Z', '0', ' ', '-', '$', '*') });
const { reply } = fc.letrec<{ reply: Reply }>((tie) => ({
  reply: fc.oneof(
    { maxDepth: 4 },
    word,
    fc.integer(),
    fc.constant(null),
    word.map((error) => ({ error })),
    // Line ends inside, and longer than what a chunk holds.
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Uint8Array.from([13, 10, ...bytes])),
    fc.array(tie('reply'), { maxLength: 4 }),
  ),
}));

describe('replies', () => {
  it('are the same however they are cut, each handed out with its last byte', () => {
    fc.assert(
      fc.property(
        fc.array(reply, { minLength: 1, maxLength: 6 }),
        fc.infiniteStream(fc.nat(30)),
        (sent, cuts) => {
          const reader = new ReplyReader();
          const pieces = sent.map(written);
          const bytes = Buffer.concat(pieces);
          const ends = pieces.map((_, index) => Buffer.concat(pieces.slice(0, index + 1)).length);
          const got: unknown[] = [];
          for (let at = 0; at < bytes.length; ) {
            const to = Math.min(bytes.length, at + 1 + cuts.next().value!);
            got.push(...reader.read(bytes.subarray(at, to)));
            expect(got).toHaveLength(ends.filter((end) => end <= to).length);
            at = to;
          }
          expect(got.map(plain)).toEqual(sent);
        },
      ),
    );
  });

  it('a missing list is null, as a missing text is', () => {
    expect(new ReplyReader().read(Buffer.from('*-1\r\n$-1\r\n'))).toEqual([null, null]);
  });

  it.each([
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n'],
    ['a length that is none', '$abc\r\n'],
    ['a string longer than Redis has any', '$536870913\r\n'],
    ['lists without end', '*1\r\n'.repeat(9)],
  ])('%s is none', (_, bytes) => {
    expect(() => new ReplyReader().read(Buffer.from(bytes))).toThrow(/Redis sent/);
  });
});
