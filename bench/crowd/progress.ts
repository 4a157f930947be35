/** One line of news while the crowd runs: rewritten in place on a terminal, else a line every 5 s. */

export interface Progress {
  stop(): void;
}

export function showProgress(stream: NodeJS.WriteStream, line: () => string): Progress {
  const isTerminal = stream.isTTY === true;
  const startedAtMs = performance.now();
  const write = () => {
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(0).padStart(4);
    const text = `${seconds} s  ${line()}`;
    if (isTerminal) stream.write(`\r\x1b[K${text.slice(0, (stream.columns ?? 80) - 1)}`);
    else stream.write(`${text}\n`);
  };
  const interval = setInterval(write, isTerminal ? 200 : 5_000);
  interval.unref();
  return {
    stop() {
      clearInterval(interval);
      write();
      if (isTerminal) stream.write('\n');
    },
  };
}
