import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { contentLength, HttpConnection, requestText } from '../../bench/client/connection.ts';
import { Latencies } from '../../bench/client/latencies.ts';
import { frameOf, readFrame } from '../../bench/client/live-socket.ts';

let server: Server | null = null;
afterEach(() => void server?.close());

/** Answers everything with these pieces, one write each. */
function answering(...pieces: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => pieces.forEach((piece, n) => void setTimeout(() => socket.write(piece), n)));
    });
    server.listen(0, '127.0.0.1', () => {
      const address = server!.address() as { port: number };
      resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}

describe('the load generator', () => {
  test('reads an answer that comes in pieces, and the next one on the same connection', async () => {
    const url = await answering('HTTP/1.1 201 Cre', 'ated\r\nContent-Length: 5\r\n\r', '\nhel', 'lo');
    const answers: [number, string][] = [];
    await new Promise<void>((resolve, reject) => {
      const connection = new HttpConnection(
        url,
        () => connection.ask(request, first),
        (why) => reject(new Error(why)),
      );
      const request = requestText('POST', '/', [], '{}');
      const first = (...answer: [number, string]) => {
        answers.push(answer);
        connection.ask(request, (...second) => {
          answers.push(second);
          connection.close();
          resolve();
        });
      };
    });
    expect(answers).toEqual([
      [201, 'hello'],
      [201, 'hello'],
    ]);
  });

  test('finds the length of a body however its header is written', () => {
    expect(contentLength('HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX: y')).toBe(12);
    expect(contentLength('HTTP/1.1 200 OK\r\ncontent-length:7')).toBe(7);
    expect(contentLength('HTTP/1.1 204 No Content\r\nX-Content-Length: 3')).toBeNull();
  });

  test.each([0, 125, 126, 65_535])(
    'a frame of %i bytes is masked, by nothing, and has its length',
    (length) => {
      const frame = frameOf('x'.repeat(length));
      expect(frame[0]).toBe(0x81);
      expect(frame[1]! & 0x80).toBe(0x80);
      expect(frame.length).toBe(length + (length < 126 ? 6 : 8));
      // A server's frame is the same without mask.
      const head = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 0xff];
      const whole = Buffer.concat([Buffer.from(head), Buffer.from('x'.repeat(length))]);
      expect(readFrame(whole, 0)).toEqual({ opcode: 1, start: head.length, end: whole.length });
      expect(readFrame(whole.subarray(0, -1), 0)).toBeNull();
    },
  );

  test('quantiles are of all that was added, and none of nothing', () => {
    const latencies = new Latencies();
    expect(latencies.quantiles(0.5)).toBeNull();
    for (let n = 100_000; n > 0; n--) latencies.add(n);
    expect(latencies.quantiles(0, 0.5, 0.999)).toEqual([1, 50_001, 99_901]);
  });
});
