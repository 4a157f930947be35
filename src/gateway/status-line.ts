/** Status lines as HTTP wants them, made once each. */
import { STATUS_CODES } from 'node:http';

const lineByStatus = new Map<number, string>();

export function statusLine(status: number): string {
  let line = lineByStatus.get(status);
  if (line === undefined) {
    line = `${status} ${STATUS_CODES[status] ?? 'Unknown'}`;
    lineByStatus.set(status, line);
  }
  return line;
}
