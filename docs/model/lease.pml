/*
 * Beat, apply, reap, fence and sweep of one partition, with two nodes and one user. README.md beside it explains;
 * what is said here mirrors src/store/lua/{beat,apply,reap,sweep}.lua and src/node/{heartbeat,flusher,roster}.ts.
 *
 * Every action is one atomic step. It is enabled only while it would change something, and every fault has a budget,
 * so each run comes to rest; there the status has to be the truth.
 */

/* A run takes at most FAULTS faults in all, and of each kind as many as its own line says. */
#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef CHANGES
#define CHANGES 2   /* connects and closes */
#endif
#ifndef FLUSHES
#define FLUSHES 1
#endif
#ifndef ROLLBACKS
#define ROLLBACKS 1
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef STALLS
#define STALLS 2    /* a lease that runs out although its node lives */
#endif
#ifndef DELAYS
#define DELAYS 2    /* a request or an answer on its way for any time; whoever waits for it may give up */
#endif
#ifndef LOSSES
#define LOSSES 2    /* one that never arrives */
#endif
#ifndef LATES
#define LATES 1     /* a reaper that acts later than it looked */
#endif

#define EPOCHS 5    /* asserted to be enough */
#define AT(n, e) ((n) * EPOCHS + (e))
#define BIT(n, e) (1 << AT(n, e))

mtype = { none, beat, apply, beatAnswer, applyAnswer };
mtype = { ok, fenced, lost, stale };

/* What Redis holds of the partition. Epochs and generations count from 1; 0 is "missing". */
typedef Store {
  unsigned gen : 3, held : 3; /* held: for which generation there was a hold already */
  bool hold;                  /* nobody is reaped, nobody becomes less */
  byte fence[2];
  unsigned lease : 10, listed : 10; /* by node and epoch: `beat:<node>`, member of `nodes` */
  byte part[2 * EPOCHS];      /* by node and epoch: the connections in the row, and in the list of the node */
  byte seq[2 * EPOCHS];
  bool online, grace, due;
  unsigned ver : 3            /* of the last transition, which is the last entry of the log */
}

/* A request on a link, or its answer on the way back. */
typedef Message {
  mtype kind = none;
  mtype result = ok;
  unsigned epoch : 3, gen : 3, seq : 3, base : 3, count : 2;
  bool unclean, again;        /* closed without goodbye; of the answer to a beat: tell everything again */
  bool late;                  /* the sender has given up: this may still act, but its answer reaches nobody */
  bool condemned              /* its epoch was reaped, or a later batch stored, since it was sent: must never take effect */
}

/* What a node knows of the partition and of the user. */
typedef Node {
  bool up;
  bool conn;                  /* THE TRUTH: the user is connected here */
  bool unclean, sent, dirty, flying, shut, reassertDue, beaten;
  unsigned epoch : 3, gen : 3, acked : 3, seq : 3;
#ifdef INCREMENTS
  bool told;
#endif
#ifdef RESEND
  bool unknown;
#endif
}

Store R, Old;
Message M[4];                 /* two links a node: 2n and 2n+1 */
Node N[2];

unsigned faults : 3, changes : 3, lates : 2, flushes : 2, rollbacks : 2, kills : 2, stalls : 2, delays : 2, losses : 2;
unsigned gens : 3;
bool saved;                   /* there is a state to go back to */
bool blind;                   /* rolled back, and nobody has noticed */
bool behind[2];               /* the stored clock is below what this node has seen */
bool stray[2];                /* its watchers were shown, last of all, a transition that the log has lost since */
bool shown;                   /* and that was: online */
unsigned target : 4;          /* what the reaper has looked at: 0, or AT(node, epoch); epochs begin at 1, so 0 is free */
bool named;                   /* and whether it saw the user on that node's list */

/* Scratch of one step. */
hidden byte i, at, isFenced, isBehind, alive;

#define mayFail(count, limit) (faults < FAULTS && count < limit)
#define has(set, n, e) ((set & BIT(n, e)) != 0)
#define free(l) (M[l].kind == none)
#define waits(l, what, answer) ((M[l].kind == what || M[l].kind == answer) && !M[l].late)

inline fault(count) { faults++; count++ }
inline clear(l) {
  M[l].kind = none; M[l].result = ok; M[l].epoch = 0; M[l].gen = 0; M[l].seq = 0; M[l].base = 0; M[l].count = 0;
  M[l].unclean = false; M[l].again = false; M[l].late = false; M[l].condemned = false
}

/* A transition reaches every feed: by its message, or when that is lost by the log, and shows when the log before it is
 * not what was delivered. */
inline tell(status) {
  if
  :: R.online != status -> R.online = status; R.ver = (R.ver + 1) % 8; stray[0] = false; stray[1] = false
  :: else
  fi
}

/* evaluate.lua without time and claims: whoever is neither connected nor in a grace is offline, unless on hold. */
inline evaluate() {
  alive = false;
  for (i : 0 .. 2 * EPOCHS - 1) { alive = alive || R.part[i] > 0 }
  if
  :: alive -> tell(true); R.due = R.grace
  :: !alive && R.online && (R.grace || R.hold) -> R.due = true
  :: else -> tell(false); R.grace = false; R.due = false
  fi
}

/* Any call that writes brings the stored clock to the present. */
inline touchClock() { behind[0] = false; behind[1] = false }

/* Every node tells everything again, and reads again what its watchers were shown. */
inline freshGeneration() {
  assert(gens < 7);
  gens++; R.gen = gens; R.hold = true;
  blind = false; touchClock(); stray[0] = false; stray[1] = false
}

/* beat.lua. What it knows of the log is what the node was given of it. */
inline storeBeats(n, l) {
  isFenced = R.fence[n] >= M[l].epoch;
#ifdef NO_FENCE
  isFenced = false;
#endif
  isBehind = behind[n];
#ifndef CLOCK_ONLY
  isBehind = isBehind || stray[n];
#endif
  touchClock();
  if
  :: !isFenced -> R.lease = R.lease | BIT(n, M[l].epoch); R.listed = R.listed | BIT(n, M[l].epoch)
  :: else
  fi;
  if
  :: R.gen == 0 -> M[l].again = M[l].gen != 0; freshGeneration()
  :: R.gen != 0 && M[l].gen == R.gen && !isFenced && (R.seq[AT(n, M[l].epoch)] < M[l].base || isBehind) ->
    M[l].again = true; freshGeneration(); R.held = R.gen
  :: else ->
    M[l].again = M[l].gen != 0 && M[l].gen != R.gen;
    if :: M[l].again && R.held != R.gen -> R.hold = true; R.held = R.gen :: else fi
  fi;
  M[l].result = (isFenced -> fenced : ok);
  M[l].gen = R.gen;
  M[l].kind = beatAnswer
}

/* Whatever of that epoch, or of it up to that number, is still on its way must never take effect. */
inline condemn(who, term, number) {
  for (i : 2 * who .. 2 * who + 1) {
    if
    :: M[i].kind != none && (M[i].epoch < term || (M[i].epoch == term && M[i].seq < number)) -> M[i].condemned = true
    :: else
    fi
  }
}

/* apply.lua, with the order of its refusals. */
inline storeApplies(n, l) {
  at = AT(n, M[l].epoch);
  isFenced = R.fence[n] >= M[l].epoch;
#ifdef NO_FENCE
  isFenced = false;
#endif
  M[l].kind = applyAnswer;
  if
  :: isFenced -> M[l].result = fenced
#ifndef NO_GEN
  :: !isFenced && M[l].gen != R.gen -> M[l].result = lost
#endif
#ifndef NO_BASE
  :: !isFenced && R.seq[at] < M[l].base -> M[l].result = lost
#endif
#ifndef NO_SEQ
  :: !isFenced && M[l].gen == R.gen && R.seq[at] >= M[l].base && M[l].seq <= R.seq[at] -> M[l].result = stale
#endif
  :: else ->
    assert(!M[l].condemned || blind);  /* no cleared connection comes back */
    M[l].result = ok;
    if :: R.seq[at] == 0 -> R.listed = R.listed | BIT(n, M[l].epoch) :: else fi;
    R.seq[at] = M[l].seq;
#ifdef INCREMENTS
    if
    :: M[l].count == 1 && R.part[at] < 3 -> R.part[at] = R.part[at] + 1
    :: M[l].count == 2 && R.part[at] > 0 -> R.part[at] = R.part[at] - 1
    :: else
    fi;
#else
    R.part[at] = M[l].count;
#endif
    R.grace = R.grace || M[l].unclean;
    condemn(n, M[l].epoch, M[l].seq);
    touchClock();
    evaluate()
  fi
}

inline sendBeat(n, l) {
  M[l].kind = beat; M[l].epoch = N[n].epoch; M[l].gen = N[n].gen; M[l].base = N[n].acked;
  M[l].condemned = R.fence[n] >= N[n].epoch
}

inline sendBatch(n, l) {
#ifdef RESEND
  if :: !N[n].unknown -> N[n].seq++ :: else fi;
#else
  N[n].seq++;
#endif
  M[l].kind = apply; M[l].epoch = N[n].epoch; M[l].gen = N[n].gen; M[l].base = N[n].acked; M[l].seq = N[n].seq;
#ifdef INCREMENTS
  M[l].count = (N[n].conn == N[n].told -> 0 : (N[n].conn -> 1 : 2)); N[n].told = N[n].conn;
#else
  M[l].count = N[n].conn;
#endif
  M[l].unclean = !N[n].conn && N[n].unclean;
  M[l].condemned = R.fence[n] >= N[n].epoch;
  N[n].dirty = false; N[n].flying = true; N[n].sent = true
}

/* The batch is not stored as far as this node can tell: its user goes again, with what is true by then. */
inline failed(n) {
  N[n].flying = false; N[n].dirty = true;
#ifdef RESEND
  N[n].unknown = true;
#endif
}

/* Told again is who is connected; who is not, and was stored, is forgotten, and found by takeBack. */
inline reassert(n) { N[n].reassertDue = true; if :: N[n].conn -> N[n].dirty = true :: else fi }

inline hearBeat(n, l) {
  if
  :: M[l].epoch != N[n].epoch
  :: M[l].epoch == N[n].epoch && M[l].result == fenced ->
    assert(N[n].epoch < EPOCHS - 1); N[n].epoch++; N[n].acked = 0; N[n].beaten = false
  :: else ->
    if
#ifndef NO_REASSERT
    :: M[l].again || (!N[n].beaten && N[n].epoch > 1) -> reassert(n)
#endif
    :: else
    fi;
    if :: M[l].again -> N[n].acked = 0 :: else fi;
    N[n].beaten = true; N[n].shut = false; N[n].gen = M[l].gen
  fi
}

inline hearBatch(n, l) {
#ifdef RESEND
  if :: M[l].result == stale -> M[l].result = ok :: else fi;
  N[n].unknown = false;
#endif
  if
  :: M[l].result == ok && M[l].epoch == N[n].epoch && M[l].gen == N[n].gen ->
    N[n].flying = false; N[n].acked = N[n].seq;
    if :: !N[n].conn && !N[n].dirty -> N[n].sent = false; N[n].unclean = false :: else fi
  :: else ->
    failed(n);
    if :: M[l].result == fenced || M[l].result == lost -> N[n].shut = true :: else fi
  fi
}

/* Whether a beat of this node would change something, here or there. One may be under way at a time. */
#define beating(n) (waits(2 * n, beat, beatAnswer) || waits(2 * n + 1, beat, beatAnswer))
#ifdef CLOCK_ONLY
#define isAstray(n) false
#else
#define isAstray(n) stray[n]
#endif
#define beatMatters(n) (!N[n].beaten || N[n].shut || R.gen == 0 || N[n].gen != R.gen || R.fence[n] >= N[n].epoch \
  || behind[n] || isAstray(n) || !has(R.lease, n, N[n].epoch) || R.seq[AT(n, N[n].epoch)] < N[n].acked)

proctype Client(byte n) {
end:
  do
  /* The nodes are alike: calling the one first that the user comes to first leaves nothing out. */
  :: d_step { N[n].up && !N[n].conn && changes < CHANGES && (n == 0 || changes > 0) -> changes++; N[n].conn = true; N[n].dirty = true }
  :: atomic { N[n].up && N[n].conn && changes < CHANGES ->
      changes++; N[n].conn = false;
      if :: N[n].unclean = true :: N[n].unclean = false fi;
      /* The store never heard of it: nothing to take back. */
      if :: N[n].sent -> N[n].dirty = true :: else -> N[n].dirty = false fi }
  od
}

/* Which link the next message takes. */
#define lane(n) (free(2 * (n)) -> 2 * (n) : 2 * (n) + 1)
#define canBeat(n) (N[n].up && !beating(n) && (free(2 * (n)) || free(2 * (n) + 1)))
#define canFlush(n) (N[n].up && N[n].dirty && N[n].beaten && !N[n].shut && !N[n].flying \
  && (free(2 * (n)) || free(2 * (n) + 1)))

/* src/node/heartbeat.ts and flusher.ts: a call is one step, unless a fault parts it. */
proctype Server(byte n) {
  byte l;
end:
  do
  :: d_step { canBeat(n) && beatMatters(n) -> l = lane(n); sendBeat(n, l); storeBeats(n, l); hearBeat(n, l); clear(l); l = 0 }
  /* The request is on its way for a while, and sent when it would have changed nothing. */
  :: d_step { canBeat(n) && mayFail(delays, DELAYS) -> fault(delays); l = lane(n); sendBeat(n, l); l = 0 }
  /* The answer is. */
  :: d_step { canBeat(n) && beatMatters(n) && mayFail(delays, DELAYS) -> fault(delays);
      l = lane(n); sendBeat(n, l); storeBeats(n, l); l = 0 }
  /* The answer never arrives. */
  :: d_step { canBeat(n) && beatMatters(n) && mayFail(losses, LOSSES) -> fault(losses);
      l = lane(n); sendBeat(n, l); storeBeats(n, l); clear(l); l = 0 }

  :: d_step { canFlush(n) -> l = lane(n); sendBatch(n, l); storeApplies(n, l); hearBatch(n, l); clear(l); l = 0 }
  :: d_step { canFlush(n) && mayFail(delays, DELAYS) -> fault(delays); l = lane(n); sendBatch(n, l); l = 0 }
  :: d_step { canFlush(n) && mayFail(delays, DELAYS) -> fault(delays);
      l = lane(n); sendBatch(n, l); storeApplies(n, l); l = 0 }
  :: d_step { canFlush(n) && mayFail(losses, LOSSES) -> fault(losses);
      l = lane(n); sendBatch(n, l); storeApplies(n, l); clear(l); failed(n); l = 0 }
  /* The request never arrives. */
  :: d_step { canFlush(n) && mayFail(losses, LOSSES) -> fault(losses);
      l = lane(n); sendBatch(n, l); clear(l); failed(n); l = 0 }

#ifndef NO_TAKEBACK
  /* Heartbeat.#takeBack: whom the store lists here and nobody is connected for. */
  :: d_step { N[n].up && N[n].reassertDue && N[n].beaten ->
      N[n].reassertDue = false;
      if :: R.part[AT(n, N[n].epoch)] > 0 && !N[n].conn -> N[n].sent = true; N[n].dirty = true :: else fi }
#endif
  od
}

/* What is on its way arrives, at any time. */
proctype Link(byte n; byte l) {
end:
  do
  :: d_step { M[l].kind == beat -> storeBeats(n, l); if :: !M[l].late -> hearBeat(n, l) :: else fi; clear(l) }
  :: d_step { M[l].kind == apply -> storeApplies(n, l); if :: !M[l].late -> hearBatch(n, l) :: else fi; clear(l) }
  :: d_step { M[l].kind == beatAnswer -> hearBeat(n, l); clear(l) }
  :: d_step { M[l].kind == applyAnswer -> hearBatch(n, l); clear(l) }
  /* The node gives up waiting. The request still acts some time, after what is sent next, or before. */
  :: d_step { M[l].kind == beat && !M[l].late -> M[l].late = true }
  :: d_step { M[l].kind == apply && !M[l].late -> M[l].late = true; failed(n) }
  :: d_step { M[l].kind == beatAnswer -> clear(l) }
  :: d_step { M[l].kind == applyAnswer -> clear(l); failed(n) }
  od
}

/* reap.lua. `seen`: the look found the user on the list. */
inline reap(n, e, seen) {
  at = AT(n, e);
  if
#ifndef REAPER_TRUSTS
  :: has(R.lease, n, e)
#endif
  :: else ->
    if :: R.fence[n] < e -> R.fence[n] = e :: else fi;
    assert(!has(R.lease, n, e));   /* nobody is cleared whose lease runs */
    condemn(n, e, 8);
    touchClock();
    if
    :: seen && R.part[at] > 0 -> R.part[at] = 0; R.grace = true; evaluate()
    :: else
    fi;
    if :: R.part[at] == 0 -> R.listed = R.listed & ~BIT(n, e); R.seq[at] = 0 :: else fi
  fi
}

/* What may happen to one epoch of a node; the reaper may be anybody, so it is nobody's process. */
proctype Lease(byte n; byte e) {
end:
  do
  /* The lease of who is dead, or goes by another epoch by now, runs out. */
  :: d_step { has(R.lease, n, e) && (!N[n].up || N[n].epoch != e) -> R.lease = R.lease & ~BIT(n, e) }
  /* That of one who lives: it was stalled, or cut off, for too long. */
  :: d_step { has(R.lease, n, e) && N[n].up && N[n].epoch == e && mayFail(stalls, STALLS) ->
      fault(stalls); R.lease = R.lease & ~BIT(n, e) }
  /* A reaper looks at who is listed and goes on; or it is held up in between. */
  :: d_step { has(R.listed, n, e) && !has(R.lease, n, e) && R.gen != 0 && !R.hold -> reap(n, e, true) }
  :: d_step { target == 0 && has(R.listed, n, e) && mayFail(lates, LATES) -> fault(lates);
      target = AT(n, e); named = R.part[target] > 0 }
  :: d_step { target == AT(n, e) -> if :: R.gen != 0 && !R.hold -> reap(n, e, named) :: else fi; target = 0; named = false }
  od
}

/* What time brings to the partition. */
proctype Time() {
end:
  do
  /* sweep.lua: a grace ends, or what had to wait for the end of a hold is shown. */
  :: d_step { R.gen != 0 && !R.hold && R.due -> R.grace = false; touchClock(); evaluate() }
  :: d_step { R.hold -> R.hold = false }
  od
}

inline copy(to, from) {
  to.gen = from.gen; to.held = from.held; to.hold = from.hold;
  to.fence[0] = from.fence[0]; to.fence[1] = from.fence[1];
  to.lease = from.lease; to.listed = from.listed;
  for (i : 0 .. 2 * EPOCHS - 1) { to.part[i] = from.part[i]; to.seq[i] = from.seq[i] }
  to.online = from.online; to.grace = from.grace; to.due = from.due; to.ver = from.ver
}

inline wipe(store) {
  store.gen = 0; store.held = 0; store.hold = false; store.fence[0] = 0; store.fence[1] = 0;
  store.lease = 0; store.listed = 0;
  for (i : 0 .. 2 * EPOCHS - 1) { store.part[i] = 0; store.seq[i] = 0 }
  store.online = false; store.grace = false; store.due = false; store.ver = 0
}

inline giveUp(l) {
  if
  :: M[l].kind == beat || M[l].kind == apply -> M[l].late = true
  :: M[l].kind == beatAnswer || M[l].kind == applyAnswer -> clear(l)
  :: else
  fi
}

inline kill(n) {
  N[n].up = false; N[n].conn = false; N[n].unclean = false; N[n].sent = false; N[n].dirty = false;
  N[n].flying = false; N[n].shut = false; N[n].reassertDue = false; N[n].beaten = false;
  N[n].gen = 0; N[n].acked = 0; N[n].seq = 0; behind[n] = false; stray[n] = false;
  giveUp(2 * n); giveUp(2 * n + 1)
}

proctype Faults() {
end:
  do
  :: d_step { N[0].up && N[1].up && mayFail(kills, KILLS) -> fault(kills); kill(0) }
  :: d_step { N[0].up && N[1].up && mayFail(kills, KILLS) -> fault(kills); kill(1) }
  :: d_step { R.gen != 0 && mayFail(flushes, FLUSHES) -> fault(flushes);
      wipe(R); wipe(Old); saved = false; rollbacks = ROLLBACKS;
      blind = false; touchClock(); stray[0] = false; stray[1] = false }
  /* What a replica has, or a file, and after a failover is all there is. */
  :: d_step { !saved && R.gen != 0 && mayFail(rollbacks, ROLLBACKS) -> saved = true; copy(Old, R) }
  :: atomic { saved && mayFail(rollbacks, ROLLBACKS) ->
      d_step { fault(rollbacks); isBehind = R.ver != Old.ver; shown = isBehind && R.online;
        copy(R, Old); wipe(Old); saved = false; blind = true };
      /* Nodes have seen what is gone, or have not. */
      if
      :: N[0].up -> behind[0] = true
      :: N[0].up && isBehind -> behind[0] = true; stray[0] = true
      :: skip
      fi;
      if
      :: N[1].up -> behind[1] = true
      :: N[1].up && isBehind -> behind[1] = true; stray[1] = true
      :: skip
      fi }
  od
}

/* Nothing is left to do: the status is the truth, and the row holds who is there and nobody else. */
proctype Rest() {
  timeout -> d_step {
    assert(R.online == (N[0].conn || N[1].conn));
    assert((!stray[0] || shown == R.online) && (!stray[1] || shown == R.online));
    assert(!R.due && R.gen != 0 && !R.hold);
    for (i : 1 .. EPOCHS - 1) {
      assert(R.part[AT(0, i)] == (N[0].conn && N[0].epoch == i -> 1 : 0));
      assert(R.part[AT(1, i)] == (N[1].conn && N[1].epoch == i -> 1 : 0))
    };
    i = 0
  }
}

init {
  byte e;
  atomic {
    /* Both have joined. */
    gens = 1; R.gen = 1; R.lease = BIT(0, 1) | BIT(1, 1); R.listed = R.lease;
    for (e : 0 .. 1) { N[e].up = true; N[e].epoch = 1; N[e].gen = 1; N[e].beaten = true }
    run Client(0); run Client(1); run Server(0); run Server(1);
    run Link(0, 0); run Link(0, 1); run Link(1, 2); run Link(1, 3);
    for (e : 1 .. EPOCHS - 1) { run Lease(0, e); run Lease(1, e) }
    e = 0;
    run Time(); run Faults(); run Rest()
  }
}
