import type { EventFeed } from '../events/feed.ts';
import type { ClusterHealth } from './cluster-health.ts';
import type { Evictions } from './evictions.ts';
import type { Flusher, FlushOutcome } from './flusher.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Revocations } from './revocations.ts';
import type { Roster } from './roster.ts';

export interface ReconcilerOptions {
  readonly flusher: Flusher;
  readonly feed: Pick<EventFeed, 'subscribe'>;
  readonly roster: Pick<Roster, 'stored' | 'transition' | 'command' | 'places'>;
  readonly evictions: Pick<Evictions, 'ended' | 'refused' | 'command'>;
  readonly revocations: Revocations;
  readonly heartbeat: Pick<Heartbeat, 'saw' | 'beatNow' | 'beatAll'>;
  readonly health: ClusterHealth;
}

/**
 * Brings this node to match the store: routes what the store answers to batches, what the feed delivers, and changes of
 * health and of the revocations to the parts that have to act on them.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #subscriptions: (() => void)[] = [];

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    const { flusher, health, heartbeat } = options;
    // For as long as the node exists: a batch may land, and the link turn, before the start and after the stop.
    flusher.onOutcome((outcome) => this.#flushed(outcome));
    health.onLinkUp((lateMs) => heartbeat.beatAll(lateMs));
  }

  start(): void {
    const { feed, roster, evictions, revocations, heartbeat, health } = this.#options;
    if (this.#subscriptions.length > 0) return;
    this.#subscriptions = [
      feed.subscribe({
        transition: ({ partition, id, transition }) => {
          heartbeat.saw(partition, id);
          roster.transition(transition);
        },
        place: ({ partition, id, place }) => {
          heartbeat.saw(partition, id);
          roster.places.heard(place);
        },
        command: (command) => {
          if (command.type === 'put_out') roster.places.command(command);
          roster.command(command);
          evictions.command(command);
        },
        // The lost data may include a revocation.
        reset: () => revocations.load(),
      }),
      revocations.onLearnt((owner, at) => evictions.refused(owner, at)),
      revocations.onComplete(() => health.refresh()),
      // Back from a time in which commands may have been missed, or for the first time able to ask.
      health.onDegraded((degraded) => degraded || revocations.load()),
    ];
  }

  stop(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#subscriptions = [];
  }

  #flushed(outcome: FlushOutcome): void {
    const { roster, evictions, revocations, heartbeat, health } = this.#options;
    switch (outcome.type) {
      case 'stored':
        roster.places.stored(outcome.holding, outcome.places);
        roster.stored(outcome.holding, outcome.self, outcome.tookOver);
        break;
      case 'ended':
        evictions.ended(outcome.holding, outcome.how);
        break;
      case 'revoked':
        revocations.learn(outcome.holding.ref, outcome.at);
        evictions.refused(outcome.holding.ref, outcome.at);
        break;
      case 'refused':
        heartbeat.beatNow(outcome.state);
        break;
      case 'stuck':
        health.refresh();
        // Others read the same store.
        heartbeat.beatNow(outcome.state);
        break;
    }
  }
}
