/**
 * The only reader of the environment: every setting is checked once, frozen, and handed out as one object whose
 * parts are plain data (they travel to worker threads). A bad value or an unknown DOORBUSTER_* stops the start.
 */
import { isIP } from 'node:net';
import { availableParallelism, userInfo } from 'node:os';
import { join, resolve } from 'node:path';

const threadSettings = ['apart', 'joined'] as const;
const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** A range of addresses. */
export interface Cidr {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** A provider of OpenID Connect by which people sign in. */
export interface OidcProvider {
  /** In paths: lower-case letters, digits and dashes. */
  readonly id: string;
  /** On the button. */
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

type BlobSettings =
  | { readonly folder: string }
  | {
      readonly s3: Readonly<
        Record<'endpoint' | 'region' | 'bucket' | 'accessKeyId' | 'secretAccessKey', string>
      >;
    };

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly opsPort: number;
  /** Names besides those of loopback under which the operators' endpoint and the sandbox's control paths answer. */
  readonly opsHosts: readonly string[];
  readonly dataDir: string;
  /** Where files such as images are kept. */
  readonly blobs: BlobSettings;
  /** Complete: it names host, user and database. null: an embedded PostgreSQL under `dataDir`. */
  readonly databaseUrl: string | null;
  /** A standby of that database, complete, too; null: none. */
  readonly databaseReplicaUrl: string | null;
  /** A server that lives on the same data is replaced, instead of refusing to start. */
  readonly isTakeOver: boolean;
  /** null: the journal lives in PostgreSQL. */
  readonly redisUrl: string | null;
  /** null: all of a session is in PostgreSQL. */
  readonly sessionsRedisUrl: string | null;
  /** null: PostgreSQL searches. */
  readonly elasticsearchUrl: string | null;
  /** null: the list that is shipped. */
  readonly synonymsFile: string | null;
  readonly ratesFile: string | null;
  readonly shards: number;
  readonly gateways: number;
  /** `joined`: a shard and a gateway share a worker thread. */
  readonly threads: (typeof threadSettings)[number];
  readonly stripe: { readonly secretKey: string | null; readonly webhookSecret: string | null };
  /** Port of the built-in payment sandbox on 127.0.0.1; 0 picks a free one. */
  readonly sandboxPort: number;
  /** How far the journal may be ahead of the wall clock at a start. */
  readonly clockAheadSecondsMax: number;
  readonly logLevel: (typeof logLevels)[number];
  readonly hasSample: boolean;
  /** The origin under which people reach the server; null: host and port. */
  readonly publicUrl: string | null;
  /** `smtpUrl` null: mails become files under `dataDir`. */
  readonly mail: { readonly smtpUrl: string | null; readonly from: string };
  readonly oidcProviders: readonly OidcProvider[];
  /** Pages of these origins may read answers. */
  readonly corsOrigins: readonly string[];
  /** null: generated and kept under `dataDir`. */
  readonly tokenSecret: string | null;
  readonly limits: {
    /** Requests per second and burst of one account. */
    readonly accountPerSecond: number;
    readonly accountBurst: number;
    /** The same for one address, with a token or without. */
    readonly addressPerSecond: number;
    readonly addressBurst: number;
    /** The following ones are of one address, too. */
    readonly guestsPerMinute: number;
    readonly guestBurst: number;
    readonly signInsPerMinute: number;
    /** Refused tokens and unknown paths. */
    readonly refusedPerMinute: number;
    /** Live sockets of one gateway thread. */
    readonly connectionsMax: number;
    /** Live sockets of one address over all gateway threads. */
    readonly connectionsPerAddressMax: number;
  };
  readonly addresses: {
    /** Whose X-Forwarded-For is believed. */
    readonly trustedProxies: readonly Cidr[];
    /** Without limits by address. */
    readonly exempt: readonly Cidr[];
  };
}

/** Every problem found, one line each. */
class BadConfig extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'BadConfig';
    this.problems = problems;
  }
}

/** Reads one variable after the other, and collects what is wrong with them. */
class Environment {
  readonly problems: string[] = [];
  readonly #values: Readonly<Record<string, string | undefined>>;

  constructor(values: Readonly<Record<string, string | undefined>>) {
    this.#values = values;
  }

  text(name: string): string | null {
    const value = this.#values[name]?.trim();
    return value ? value : null;
  }

  /** Absolute, or null. */
  path(name: string): string | null {
    const value = this.text(name);
    return value === null ? null : resolve(value);
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const value = this.text(name);
    if (value === null) return fallback;
    const number = Number(value);
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    this.problems.push(`${name} must be a whole number from ${min} to ${max}, not "${value}"`);
    return fallback;
  }

  oneOf<Choice extends string>(name: string, fallback: Choice, choices: readonly Choice[]): Choice {
    const value = this.text(name);
    if (value === null) return fallback;
    const choice = choices.find((candidate) => candidate === value);
    if (choice) return choice;
    this.problems.push(`${name} must be one of ${choices.join(', ')}, not "${value}"`);
    return fallback;
  }

  url(name: string, protocols: readonly string[]): string | null {
    const value = this.text(name);
    if (value === null) return null;
    const protocol = URL.canParse(value) ? new URL(value).protocol : '';
    if (protocols.includes(protocol)) return value;
    this.problems.push(
      `${name} must be a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`,
    );
    return null;
  }

  /** Completed as PostgreSQL's own tools would without their variables: host localhost, user as the system knows us. */
  databaseUrl(name: string): string | null {
    const value = this.url(name, ['postgres:', 'postgresql:']);
    if (value === null) return null;
    const url = new URL(value);
    const given = url.searchParams;
    if (url.hostname === '' && !given.has('host')) url.hostname = 'localhost';
    if (url.username === '' && !given.has('user')) given.set('user', userName());
    if (url.pathname === '' || url.pathname === '/') url.pathname = `/${given.get('user') ?? url.username}`;
    return url.href;
  }

  /** Names of hosts, separated by commas. */
  hosts(name: string): string[] {
    const hosts = (this.text(name) ?? '')
      .toLowerCase()
      .split(',')
      .flatMap((host) => host.trim() || []);
    for (const host of hosts)
      this.check(
        hostName.test(host),
        `${name} must be host names without ports, separated by commas, not "${host}"`,
      );
    return hosts;
  }

  /** Only what redis-handshake.ts reads: an option of the client's own in the query would change how it connects. */
  redisUrl(name: string): string | null {
    const value = this.url(name, ['redis:', 'rediss:']);
    if (value === null) return null;
    const { pathname, search, hash } = new URL(value);
    const isPlain = /^(?:\/\d{0,9})?$/.test(pathname) && search === '' && hash === '';
    if (!isPlain)
      this.problems.push(
        `${name} must be redis://user:password@host:port/number, with a whole number or nothing`,
      );
    return isPlain ? value : null;
  }

  /** Addresses and ranges, separated by commas. A variable that is set and empty means none. */
  ranges(name: string, fallback: string): Cidr[] {
    const texts = (this.#values[name] ?? fallback).split(',').map((text) => text.trim());
    return texts.filter(Boolean).flatMap((text) => {
      const range = cidrOf(text);
      if (range === null)
        this.problems.push(
          `${name} must be a list of addresses and ranges such as "10.0.0.0/8, fd00::/8", not "${text}"`,
        );
      return range ?? [];
    });
  }

  /** One origin; a slash behind it does no harm. */
  origin(name: string): string | null {
    const value = this.text(name)?.replace(/\/$/, '') ?? null;
    if (value === null || isOrigin(value)) return value;
    this.problems.push(`${name} must be an origin such as "https://shop.example", without a path`);
    return null;
  }

  /** Providers by their ids, each with settings of its own. */
  oidcProviders(name: string): OidcProvider[] {
    const ids = (this.text(name) ?? '').split(',').flatMap((id) => id.trim() || []);
    this.check(new Set(ids).size === ids.length, `${name} must name each provider once`);
    return ids.flatMap((id) => {
      if (!/^[a-z][a-z0-9-]{0,30}$/.test(id)) {
        this.problems.push(`${name} must be names of lower-case letters and digits, not "${id}"`);
        return [];
      }
      const of = (setting: string) => `OIDC_${id.toUpperCase().replaceAll('-', '_')}_${setting}`;
      const issuer = this.url(of('ISSUER'), ['https:', 'http:']);
      const [clientId, clientSecret] = [this.text(of('CLIENT_ID')), this.text(of('CLIENT_SECRET'))];
      if (issuer === null || clientId === null || clientSecret === null) {
        this.problems.push(`${of('ISSUER')}, ${of('CLIENT_ID')} and ${of('CLIENT_SECRET')} are required`);
        return [];
      }
      const { protocol, hostname } = new URL(issuer);
      const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
      this.check(protocol === 'https:' || isHere, `${of('ISSUER')} must be https, but on this machine`);
      const named = this.text(of('NAME')) ?? id.charAt(0).toUpperCase() + id.slice(1);
      return [{ id, name: named, issuer, clientId, clientSecret }];
    });
  }

  /** Origins as browsers send them, separated by commas. */
  origins(name: string): string[] {
    const origins = (this.text(name) ?? '').split(',').map((origin) => origin.trim());
    return origins.filter(Boolean).filter((origin) => {
      if (!isOrigin(origin))
        this.problems.push(
          `${name} must be a list of origins such as "https://shop.example", without a path, not "${origin}"`,
        );
      return isOrigin(origin);
    });
  }

  /** A folder, unless there is a bucket. */
  blobs(dataDir: string): BlobSettings {
    const bucket = this.text('S3_BUCKET');
    const accessKeyId = this.text('S3_ACCESS_KEY_ID');
    const secretAccessKey = this.text('S3_SECRET_ACCESS_KEY');
    const region = this.text('S3_REGION') ?? 'us-east-1';
    const named = this.url('S3_ENDPOINT', ['http:', 'https:']);
    const endpoint = named ?? `https://s3.${region}.amazonaws.com`;
    const given = [bucket, accessKeyId, secretAccessKey].filter((value) => value !== null).length;
    this.check(
      given === 3 || (given === 0 && named === null),
      'S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY belong together',
    );
    this.check(
      bucket === null || bucketName.test(bucket),
      `S3_BUCKET must be the name of a bucket, not "${bucket}"`,
    );
    if (bucket === null || accessKeyId === null || secretAccessKey === null)
      return { folder: join(dataDir, 'blobs') };
    return {
      s3: { endpoint: endpoint.replace(/\/+$/, ''), region, bucket, accessKeyId, secretAccessKey },
    };
  }

  /** What no single variable shows. */
  check(isRight: boolean, problem: string): void {
    if (!isRight) this.problems.push(problem);
  }
}

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** null: no address and no range. An IPv4 range is written as IPv4. */
function cidrOf(text: string): Cidr | null {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  const prefixMax = family === 'ipv4' ? 32 : 128;
  if (isIP(address) === 0 || more.length > 0 || /%|^::ffff:/i.test(address)) return null;
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return null;
  const prefix = bits === undefined ? prefixMax : Number(bits);
  if (prefix > prefixMax) return null;
  return { address, prefix, family };
}

const bucketName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const hostName = /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])$/;

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as containers have them.
    return 'postgres';
  }
}

export function readConfig(values: Readonly<Record<string, string | undefined>>): Config {
  const env = new Environment(values);
  for (const name of Object.keys(values))
    env.check(!name.startsWith('DOORBUSTER_'), `${name} is not a setting: settings have no such prefix`);
  const databaseUrl = env.databaseUrl('DATABASE_URL');
  const tokenSecret = env.text('TOKEN_SECRET');
  env.check((tokenSecret?.length ?? 32) >= 32, 'TOKEN_SECRET must have at least 32 characters');
  const dataDir = resolve(env.text('DATA_DIR') ?? '.data');
  const halfOfCores = Math.max(1, Math.floor(availableParallelism() / 2));
  const config: Config = {
    host: env.text('HOST') ?? '127.0.0.1',
    port: env.integer('PORT', 8080, 0, 65535),
    opsPort: env.integer('OPS_PORT', 9090, 0, 65535),
    opsHosts: env.hosts('OPS_HOSTS'),
    isTakeOver: env.oneOf('TAKE_OVER', '0', ['0', '1']) === '1',
    dataDir,
    blobs: env.blobs(dataDir),
    databaseUrl,
    databaseReplicaUrl: env.databaseUrl('DATABASE_REPLICA_URL'),
    redisUrl: env.redisUrl('REDIS_URL'),
    sessionsRedisUrl: env.redisUrl('SESSIONS_REDIS_URL'),
    elasticsearchUrl: env.url('ELASTICSEARCH_URL', ['http:', 'https:']),
    ...{ synonymsFile: env.path('SYNONYMS_FILE'), ratesFile: env.path('RATES_FILE') },
    shards: env.integer('SHARDS', Math.min(halfOfCores, 32), 1, 64),
    gateways: env.integer('GATEWAYS', Math.min(halfOfCores, 32), 1, 64),
    threads: env.oneOf('THREADS', 'apart', threadSettings),
    stripe: { secretKey: env.text('STRIPE_SECRET_KEY'), webhookSecret: env.text('STRIPE_WEBHOOK_SECRET') },
    sandboxPort: env.integer('SANDBOX_PORT', 0, 0, 65535),
    clockAheadSecondsMax: env.integer('CLOCK_AHEAD_SECONDS_MAX', 3_600, 5, 10_000_000_000),
    logLevel: env.oneOf('LOG_LEVEL', 'info', logLevels),
    hasSample: env.oneOf('SAMPLE', databaseUrl === null ? '1' : '0', ['0', '1']) === '1',
    publicUrl: env.origin('PUBLIC_URL'),
    mail: {
      smtpUrl: env.url('SMTP_URL', ['smtp:', 'smtps:']),
      from: env.text('MAIL_FROM') ?? 'Doorbuster <no-reply@doorbuster.local>',
    },
    oidcProviders: env.oidcProviders('OIDC_PROVIDERS'),
    corsOrigins: env.origins('CORS_ORIGINS'),
    tokenSecret,
    limits: {
      accountPerSecond: env.integer('RATE_ACCOUNT_PER_SECOND', 50, 1, 1_000_000),
      accountBurst: env.integer('RATE_ACCOUNT_BURST', 100, 1, 1_000_000),
      addressPerSecond: env.integer('RATE_ADDRESS_PER_SECOND', 5_000, 1, 1_000_000),
      addressBurst: env.integer('RATE_ADDRESS_BURST', 20_000, 1, 1_000_000),
      guestsPerMinute: env.integer('RATE_GUEST_PER_MINUTE', 30, 1, 1_000_000),
      guestBurst: env.integer('RATE_GUEST_BURST', 60, 1, 1_000_000),
      signInsPerMinute: env.integer('RATE_SIGN_IN_PER_MINUTE', 20, 1, 1_000_000),
      refusedPerMinute: env.integer('RATE_REFUSED_PER_MINUTE', 60, 1, 1_000_000),
      connectionsMax: env.integer('CONNECTIONS_MAX', 18_000, 1, 1_000_000),
      connectionsPerAddressMax: env.integer('CONNECTIONS_PER_ADDRESS_MAX', 200, 1, 1_000_000),
    },
    addresses: {
      trustedProxies: env.ranges('TRUSTED_PROXIES', ''),
      exempt: env.ranges('RATE_EXEMPT', '127.0.0.0/8,::1/128'),
    },
  };
  env.check(
    !config.stripe.secretKey || config.stripe.webhookSecret !== null,
    'STRIPE_WEBHOOK_SECRET is required with STRIPE_SECRET_KEY: unsigned webhooks are never accepted',
  );
  const ports = [config.port, config.opsPort, config.sandboxPort].filter((port) => port !== 0);
  env.check(new Set(ports).size === ports.length, 'PORT, OPS_PORT and SANDBOX_PORT must differ');
  if (env.problems.length > 0) throw new BadConfig(env.problems);
  return Object.freeze(config);
}

/** The settings of this process. Bad ones end it with 2, one line a problem. */
export function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof BadConfig)) throw error;
    for (const problem of error.problems) process.stderr.write(`doorbuster: ${problem}\n`);
    process.exit(2);
  }
}
