import { describe, expect, it } from 'vitest';
import { at, Synthetic } from './synthetic.ts';

const history = (): Synthetic => new Synthetic();
/** Somebody who came at 1 s and was shown so. */
const present = (to?: number, how?: Parameters<Synthetic['connects']>[2]): Synthetic =>
  history().connects(1, to, how).turns(1, 'online', 'offline');

describe('a history without a fault', () => {
  it('of who comes, refreshes and goes breaks nothing', () => {
    const run = present(10).connects(10.4, 20).turns(20.9, 'offline', 'online');
    expect(run.broken).toEqual([]);
  });

  it('of who claims and goes invisible breaks nothing', () => {
    const run = present().claims(5, 'busy').turns(5, 'busy', 'online').claims(9, 'invisible');
    expect(run.turns(9, 'offline', 'busy').broken).toEqual([]);
  });
});

describe('truthIsShown', () => {
  it('wants who is connected to be shown', () => {
    expect(history().connects(1).logs(1, 'online', 'offline').broken).toEqual(['truthIsShown']);
  });

  it('wants who has left to be shown so, a goodbye at once', () => {
    expect(present(10, 'close').turns(20, 'offline', 'online').broken).toEqual(['truthIsShown']);
    expect(present(10, 'bye').turns(12.5, 'offline', 'online').broken).toEqual(['truthIsShown']);
    expect(present(10, 'bye').turns(10.1, 'offline', 'online').broken).toEqual([]);
  });

  it('wants a dead node cleared within B, and grants the time to heal where data was lost too', () => {
    const dies = (gone: number): Synthetic =>
      present(10, 'lost')
        .fault(10, 10, 'death', { slots: [0] })
        .turns(gone, 'offline', 'online');
    expect(dies(11.4).broken).toEqual([]);
    expect(dies(14).broken).toEqual(['truthIsShown']);
    expect(dies(14).fault(11, 12, 'store', { lostAt: 11 }).broken).toEqual([]);
  });

  it('grants a broken pub/sub link a heartbeat and a second, not more', () => {
    const late = (told: number): Synthetic => {
      const run = present(10, 'bye').fault(9, 13, 'feed').logs(10.1, 'offline', 'online');
      return run.sees(told, 'offline', run.history.log.at(-1)?.ver ?? 0);
    };
    expect(late(12).broken).toEqual([]);
    expect(late(13.5).broken).toEqual(['truthIsShown']);
  });

  it('does not let a store fault excuse that somebody connected is shown offline', () => {
    const run = present()
      .fault(10, 12, 'store', { lostAt: 10 })
      .sees(12, 'offline', at(12) * 1_000);
    expect(run.broken).toContain('truthIsShown');
  });

  it('lets a node that is away be taken for dead, and wants it back in time', () => {
    const away = (back: number): Synthetic =>
      present()
        .fault(10, 14, 'node', { slots: [0] })
        .turns(11.5, 'offline', 'online')
        .turns(back, 'online', 'offline');
    expect(away(14.4).broken).toEqual([]);
    expect(away(20).broken).toEqual(['steady', 'truthIsShown']);
  });
});

describe('steady', () => {
  it('finds an offline of somebody who stayed or came back within the grace', () => {
    expect(present().logs(10, 'offline', 'online').broken).toContain('steady');
    expect(present(10).connects(10.5).logs(10.4, 'offline', 'online').broken).toContain('steady');
  });

  it('lets the grace end, and a goodbye have none', () => {
    const late = present(10).connects(10.9).turns(10.85, 'offline', 'online');
    expect(late.turns(10.9, 'online', 'offline').broken).toEqual([]);
    const bye = present(10, 'bye').connects(10.5).turns(10.1, 'offline', 'online');
    expect(bye.turns(10.5, 'online', 'offline').broken).toEqual([]);
  });

  it('finds a second online after a loss', () => {
    const run = present().fault(10, 10, 'store', { lostAt: 10 });
    expect(run.logs(10.5, 'online', 'offline', { gen: 'h' }).broken).toEqual(['steady']);
  });

  it('knows that nobody can remember whom only a dead node knew', () => {
    const run = present(9.9, 'lost')
      .connects(10.3, undefined, 'close', 1)
      .fault(9.9, 9.9, 'death', { slots: [0] });
    run.fault(10, 10, 'store', { lostAt: 10 });
    expect(run.logs(11, 'online', 'offline', { gen: 'h' }).broken).toEqual([]);
  });

  it('a node paused for less than its lease excuses nothing', () => {
    const run = present().fault(10, 10.3, 'node', { slots: [0] });
    expect(run.logs(10.3, 'offline', 'online').logs(10.5, 'online', 'offline').broken).toEqual(['steady']);
  });
});

describe('onceEach', () => {
  it('finds a transition twice, and one that is missing', () => {
    expect(present().logs(1.01, 'online', 'offline').broken).toContain('onceEach');
    expect(present(10).connects(20).turns(20, 'online', 'offline').broken).toContain('onceEach');
  });
});

describe('noGhosts', () => {
  it('finds who appears without a connection, at any distance from a fault', () => {
    const ghost = present(10, 'bye').turns(10.1, 'offline', 'online').logs(15, 'online', 'offline');
    expect(ghost.logs(15.5, 'offline', 'online').broken).toEqual(['noGhosts']);
    expect(ghost.fault(12, 13, 'store', { lostAt: 12 }).broken).toEqual(['noGhosts']);
  });

  it('lets a late batch of a dead node count until it must be fenced', () => {
    const late = (when: number): Synthetic =>
      history()
        .connects(1, 10, 'lost')
        .fault(10, 10, 'death', { slots: [0] })
        .fault(10, 10, 'node', { slots: [0], lateAt: when })
        .turns(1, 'online', 'offline')
        .turns(11.2, 'offline', 'online')
        .logs(when, 'online', 'offline')
        .logs(when + 0.01, 'offline', 'online');
    expect(late(11.25).broken).toEqual([]);
    expect(late(13).broken).toEqual(['noGhosts']);
  });
});

describe('versions', () => {
  it('rise for a watcher and in the log', () => {
    const [entry] = present().history.log;
    expect(present().sees(5, 'online', entry?.ver ?? 0).broken).toEqual(['risingForWatchers']);
    expect(present(10).logs(10.9, 'offline', 'online', { ver: 5 }).broken).toContain('risingInLog');
  });

  it('that a watcher was told are in the log', () => {
    const run = present()
      .claims(5, 'busy')
      .sees(5, 'busy', at(5) * 1_000);
    expect(run.broken).toEqual(['toldIsLogged']);
  });
});

describe('a backend with a cursor', () => {
  const passedOver = (): Synthetic => {
    const run = present(10).turns(10.9, 'offline', 'online');
    run.history.cursorReads.pop();
    run.history.cursorReads.push({ kind: 'read', at: at(50), partition: 1, user: 'user-9', ver: 1, id: 1 });
    return run;
  };

  it('misses nothing', () => {
    expect(passedOver().broken).toEqual(['cursorsMissNothing']);
  });

  it('is told reset instead, and only when data was lost', () => {
    expect(passedOver().resets(11, 1).broken).toEqual(['resetsHaveAReason']);
    expect(passedOver().fault(10.95, 11, 'store', { lostAt: 10.95 }).resets(11, 1).broken).toEqual([]);
  });
});

describe('reads', () => {
  it('are right or are not given', () => {
    const wrong = ['readsAreRight', 'readsNeverGuess'];
    expect(present().answers(10, 'offline').broken).toEqual(wrong);
    expect(present(10, 'bye').turns(10.1, 'offline', 'online').answers(20, 'online').broken).toEqual([
      'readsAreRight',
    ]);
    expect(present().fault(9, 11, 'store', { lostAt: 9 }).answers(10, 'offline').broken).toEqual(wrong);
    expect(present().answers(10, 'online').broken).toEqual([]);
  });
});

describe('dampingHolds', () => {
  const turning = (everyS: number, reason = 'active'): Synthetic => {
    const run = present();
    run.history.damping = { burst: 3, intervalMs: 2_000 };
    for (let i = 0; i < 8; i++) {
      const [status, previous] = i % 2 === 0 ? (['away', 'online'] as const) : (['online', 'away'] as const);
      run.claims(10 + i * everyS - 0.01, status).logs(10 + i * everyS, status, previous, { reason });
      run.sees(10.01 + i * everyS, status, run.history.log.at(-1)?.ver ?? 0);
    }
    return run;
  };

  it('finds more than a burst at once, over all nodes', () => {
    expect(turning(0.2).broken).toEqual(['dampingHolds']);
    expect(turning(1.2).broken).toEqual(['dampingHolds']);
    expect(turning(2).broken).toEqual([]);
  });

  it('is asked of damped runs alone', () => {
    const run = turning(0.2);
    delete run.history.damping;
    expect(run.broken).toEqual([]);
  });

  it('holds no goodbye against anybody, and begins anew after a loss', () => {
    const bye = turning(2, 'active').logs(24.2, 'offline', 'online', { reason: 'goodbye' });
    expect(bye.broken).not.toContain('dampingHolds');
    const lost = turning(0.2);
    expect(lost.fault(10, 11, 'store', { lostAt: 10 }).broken).toEqual([]);
  });
});

describe('while writes are refused', () => {
  /** Somebody who came at 1 s, when writes were refused since 0.5 s, and is stored at 21 s. */
  const refused = (): Synthetic => {
    const run = history().connects(1).fault(0.5, 20, 'store').turns(21, 'online', 'offline');
    Object.assign(run.history.connections[0] ?? {}, { isStored: false });
    Object.assign(run.history.faults[0] ?? {}, { refusedFrom: at(0.5), refusedTo: at(20) });
    for (const watcher of run.history.watchers) watcher.degraded.push({ from: at(1), to: at(20) });
    return run;
  };
  const asked = (run: Synthetic, when: number, isReady: boolean): Synthetic => {
    run.history.readiness.push({ askedAt: at(when) - 5, at: at(when), slot: 0, isReady });
    return run;
  };

  it('nobody welcomed is read as offline: a node says at once, or soon, that it cannot know', () => {
    expect(refused().broken).toEqual([]);
    expect(refused().answers(1.2, 'offline').broken).toEqual([]);
    expect(refused().answers(6, 'offline').broken).toEqual(['readsNeverGuess']);
    expect(refused().answers(6, 'online').broken).toEqual([]);
  });

  it('nobody whom the store knew at their welcome is, not even while it gathers what it lost', () => {
    const run = (): Synthetic => history().fault(0.5, 0.6, 'store', { lostAt: 0.5 }).connects(1);
    expect(run().turns(3, 'online', 'offline').broken).toEqual([]);
    expect(run().turns(3, 'online', 'offline').answers(1.5, 'offline').broken).toEqual(['readsNeverGuess']);
  });

  it('an invisible person, and whose own node is stopped, may be read as offline', () => {
    expect(refused().claims(2, 'invisible').answers(6, 'offline').broken).not.toContain('readsNeverGuess');
    expect(
      refused()
        .fault(2, 9, 'node', { slots: [0] })
        .answers(6, 'offline').broken,
    ).toEqual([]);
  });

  it('readiness says so within two heartbeats and a time to live', () => {
    expect(asked(refused(), 0.8, true).broken).toEqual([]);
    expect(asked(refused(), 5, false).broken).toEqual([]);
    expect(asked(refused(), 5.5, true).broken).toEqual(['refusalIsTold']);
    expect(asked(refused(), 21, true).broken).toEqual([]);
  });

  it('every watcher is told, and for as long as it lasts', () => {
    const untold = refused();
    untold.history.watchers[0]?.degraded.pop();
    expect(untold.broken).toEqual(['refusalIsTold']);
    untold.history.watchers[0]?.degraded.push({ from: at(1), to: at(12) });
    expect(untold.broken).toEqual(['refusalIsTold']);
  });
});

describe('sockets', () => {
  it('are closed by a node only when it leaves or dies', () => {
    const closed = (how: 'server' | 'lost' | 'drain'): Synthetic =>
      present(10, how).turns(how === 'drain' ? 13.2 : 10.9, 'offline', 'online');
    for (const how of ['server', 'lost', 'drain'] as const)
      expect(closed(how).broken, how).toContain('socketsStayOpen');
    expect(closed('drain').fault(9.9, 10.5, 'restart', { slots: [0] }).broken).toEqual([]);
  });
});

it('memory is bounded', () => {
  const run = present();
  run.history.memory.push({ at: at(5), slot: 0, rss: 500e6 });
  expect(run.broken).toEqual(['memoryIsBounded']);
});
