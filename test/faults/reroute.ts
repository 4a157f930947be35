/**
 * Loaded into a server before its own code (`NODE_OPTIONS=--import`), in each of its threads: calls to the real
 * payment provider go to the sandbox at PROVIDER_URL instead. The server itself runs as it does with Stripe keys.
 */
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

const { hostname, port } = new URL(process.env.PROVIDER_URL!);
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

// The provider's SDK looks `request` up at every call, so that it can be intercepted.
https.request = ((options: https.RequestOptions) => {
  if (options.host !== 'api.stripe.com') throw new Error(`a call to ${options.host} was not expected`);
  return http.request({ ...options, protocol: 'http:', host: hostname, port, agent });
}) as typeof https.request;
syncBuiltinESMExports();
