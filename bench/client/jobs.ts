/** What a client process is asked to do, and what it says of it. */
import type { LoadFigures } from '../baselines/wrk.ts';

interface Load {
  readonly url: string;
  /** Of `makeShots`. */
  readonly file: string;
  readonly seconds: number;
}

/** Hold, then checkout, over and over on each connection. */
export interface Purchases extends Load {
  readonly job: 'purchases';
  readonly connections: number;
}

/** Holds (`file` of shots) or GETs (`file` of `path token?` lines) at planned times, whatever the answers do. */
export interface OpenLoop extends Load {
  readonly job: 'open-loop';
  readonly kind: 'hold' | 'get' | 'join';
  readonly connections: number;
  readonly perSecond: number;
}

/** Holds over live sockets: so many under way, over so many sockets in turn. */
export interface LiveHolds extends Load {
  readonly job: 'live-holds';
  readonly sockets: number;
  readonly underWay: number;
}

/** Live sockets that listen to one sale. `file`: an access token a line. */
export interface Positions extends Load {
  readonly job: 'positions';
  readonly saleId: string;
  readonly sockets: number;
}

export type Job = Purchases | OpenLoop | LiveHolds | Positions;

export interface JobResult extends LoadFigures {
  /** Processor time of the client within the run. */
  readonly clientUs: number;
  /** The first of what went wrong, for whoever looks for the cause. */
  readonly firstError: string | null;
  /** How late the client itself was in sending, p99; null where nothing is planned. */
  readonly lateP99Ms: number | null;
}

/** A job is made ready, waits for `go`, runs for its time, and answers. */
export interface Ready {
  run(): Promise<Omit<JobResult, 'clientUs'>>;
  close(): void;
}

export type Make<Of extends Job> = (job: Of) => Promise<Ready>;
