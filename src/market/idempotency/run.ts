/**
 * The name under which gateways begin keyed requests: a request that is open under another name may be run again, because
 * nobody runs it any more. When a gateway has died (with its shard, where both are joined), its open requests died with it,
 * and nobody knows which they were: so all gateways of the process change the name. A repeat of a request that another
 * gateway is still running then runs beside it, under the same resource id.
 */
export interface RunMemory {
  /** Names the process. */
  readonly process: string;
  /** How many gateways have died. */
  readonly deaths: SharedArrayBuffer;
}

export function createRunMemory(process: string): RunMemory {
  return { process, deaths: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) };
}

export class ServerRun {
  readonly #process: string;
  readonly #deaths: Int32Array;

  constructor({ process, deaths }: RunMemory) {
    this.#process = process;
    this.#deaths = new Int32Array(deaths);
  }

  get name(): string {
    return `${this.#process}.${Atomics.load(this.#deaths, 0)}`;
  }

  /** A gateway takes the place of one that has died. */
  noteDeath(): void {
    Atomics.add(this.#deaths, 0, 1);
  }
}
