/** Entry point of every worker: it runs what main tells it to. */
import { runWorker } from '../runtime/worker.ts';

runWorker({
  shard: () => import('./shard.ts'),
  gateway: () => import('./gateway.ts'),
  'back-office': () => import('./back-office.ts'),
  snapshotter: () => import('./snapshotter.ts'),
  sandbox: () => import('./sandbox.ts'),
});
