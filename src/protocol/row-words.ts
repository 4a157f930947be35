/**
 * Memory for the words of rows. It is cut from chunks: an array of its own for each lone row, with bytes that somebody
 * looks at, would be memory outside of the heap that is taken, counted and given back one by one.
 */
const chunkWords = 8_192;

let chunk = new Int32Array(chunkWords);
let used = 0;

/** All 0. Nobody else uses them, as long as anybody keeps them. */
export function newWords(count: number): Int32Array {
  if (count > chunkWords) return new Int32Array(count);
  if (used + count > chunkWords) {
    chunk = new Int32Array(chunkWords);
    used = 0;
  }
  const words = new Int32Array(chunk.buffer, used * 4, count);
  used += count;
  return words;
}

/** Bytes may stand at any address: words need a copy of their own. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  const words = newWords(bytes.length >> 2);
  bytesOf(words).set(bytes);
  return words;
}

/** The bytes of the first `count` words. */
export function bytesOf(words: Int32Array, count = words.length): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, count * 4);
}
