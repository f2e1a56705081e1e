import { jittered, meaningOf } from './reconnect.js';

const PING_MS = 2_000;
/** A stalled node gets this long to wake before the connection counts as lost. */
const PATIENCE_MS = 30_000;
const OPEN_MS = 8_000;
const ACK_MS = 5_000;
/** A connection that lasted this long was a good one: the next try is a first one again. */
const STABLE_MS = 5_000;
/** Renew this long before the end of the token. */
const RENEW_AHEAD_MS = 60_000;
const MAX_TIMER_MS = 2_147_483_647;

/**
 * One device of one person: a socket that is opened again when it should be, and left alone when it should not.
 *
 * Phases: `connecting`, `live`, `waiting` (for the next try), `dropped` (by the person), `ended` (no more tries).
 * Calls `on.frame(frame)` for every frame and `on.change()` whenever something worth showing changed;
 * `on.left(how)` once for each connection that ended: `goodbye`, `dropped`, `drained`, `lost`.
 */
export class Connection {
  phase = 'ended';
  /** A sentence on why it is not live. */
  why = '';
  code;
  attempt = 0;
  retryAt = 0;
  rtt;
  silentSince;
  degraded = false;
  welcome;
  #socket;
  #timer;
  #ping;
  #renewal;
  #pingSentAt;
  #comeBackAt;
  #refs = 0;
  #waiting = new Map();
  #bye = false;

  /**
   * @param target - `(attempt) => url`, asked anew for each try, so that a lost node can be left for another
   * @param getToken - makes a fresh token
   */
  constructor({ target, getToken, on }) {
    Object.assign(this, { target, getToken, on });
  }

  connect() {
    if (this.phase === 'connecting' || this.phase === 'live') return;
    // Whoever asks for it is no herd: at once, and counting on from here when it is one more try.
    if (this.phase !== 'waiting') this.attempt = 0;
    void this.#open();
  }

  async #open() {
    clearTimeout(this.#timer);
    this.#become('connecting');
    const round = {};
    this.round = round;
    let token;
    try {
      token = await this.getToken();
    } catch (error) {
      if (this.round === round) this.#retry(`No token: ${error.message.replace(/\.$/, '')}`);
      return;
    }
    // Dropped or restarted while the token was fetched.
    if (this.round !== round) return;
    const socket = new WebSocket(this.target(this.attempt), ['rollcall.v1', `bearer.${token}`]);
    this.#socket = socket;
    this.#bye = false;
    this.#timer = setTimeout(() => this.#lost({ code: 1006 }, 'No answer'), OPEN_MS);
    const mine = (handle) => (event) => {
      if (this.#socket === socket) handle(event);
    };
    socket.onmessage = mine((event) => this.#frame(JSON.parse(event.data)));
    socket.onclose = mine((event) => this.#lost(event));
  }

  #frame(frame) {
    this.#heard();
    if (frame.type === 'welcome') this.#welcomed(frame);
    else if (frame.type === 'reconnect') this.#comeBackAt = Date.now() + frame.afterMs;
    else if (frame.type === 'degraded') this.degraded = frame.on;
    else if (frame.type === 'pong' && this.#pingSentAt !== undefined) {
      this.rtt = performance.now() - this.#pingSentAt;
      this.#pingSentAt = undefined;
    }
    const waiting = this.#waiting.get(frame.ref);
    if (waiting !== undefined && (frame.type === 'ack' || frame.type === 'error')) waiting(frame);
    this.on.frame(frame);
    if (frame.type !== 'presence') this.on.change();
  }

  #welcomed(frame) {
    this.welcome = frame;
    clearTimeout(this.#renewal);
    const left = Date.parse(frame.expiresAt) - Date.parse(frame.serverTime);
    this.#renewal = setTimeout(
      () => void this.#renew(),
      Math.min(Math.max(left - RENEW_AHEAD_MS, left / 2), MAX_TIMER_MS),
    );
    // The answer to a renewal is a welcome too.
    if (this.phase === 'live') return;
    clearTimeout(this.#timer);
    this.liveSince = Date.now();
    this.degraded = false;
    this.#ping = setInterval(() => this.#check(), PING_MS);
    this.#become('live');
    this.#check();
  }

  async #renew() {
    try {
      this.send({ type: 'auth', token: await this.getToken() });
    } catch {
      // The socket lives until the old token ends; the close leads to the next try.
    }
  }

  /** Says `ping` while none is outstanding, and notices when the answer stays out until the next turn. */
  #check() {
    const now = performance.now();
    if (this.#pingSentAt === undefined) {
      this.#pingSentAt = now;
      this.send({ type: 'ping' });
      return;
    }
    const silent = now - this.#pingSentAt;
    if (this.silentSince === undefined) {
      this.silentSince = Date.now() - silent;
      this.on.change();
    }
    if (silent > PATIENCE_MS) this.#lost({ code: 1006 }, 'No answer');
  }

  #heard() {
    if (this.silentSince === undefined) return;
    this.silentSince = undefined;
    this.on.change();
  }

  /** The socket is gone, or as good as gone. */
  #lost({ code }, why) {
    const live = this.phase === 'live';
    const stable = live && Date.now() - this.liveSince > STABLE_MS;
    const drained = this.#comeBackAt !== undefined || code === 1012;
    this.#detach();
    this.code = code;
    const meaning = meaningOf(code);
    if (stable) this.attempt = 0;
    if (live) this.on.left(this.#bye ? 'goodbye' : drained ? 'drained' : 'lost');
    const text = why ?? (live || code !== 1006 ? meaning.text : 'No answer');
    if (this.#bye || !meaning.retry) this.#end(text);
    else this.#retry(text, meaning.slow);
  }

  #retry(why, slow) {
    const wait =
      this.#comeBackAt === undefined
        ? jittered(this.attempt, slow)
        : Math.max(0, this.#comeBackAt - Date.now());
    this.#comeBackAt = undefined;
    this.attempt += 1;
    this.retryAt = Date.now() + wait;
    this.why = why;
    this.#timer = setTimeout(() => void this.#open(), wait);
    this.#become('waiting');
  }

  #end(why) {
    this.why = why;
    this.#become('ended');
  }

  /** Lets go of the socket without waiting for the other side, which may be stalled. */
  #detach() {
    this.round = undefined;
    clearTimeout(this.#timer);
    clearTimeout(this.#renewal);
    clearInterval(this.#ping);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#pingSentAt = undefined;
    this.silentSince = undefined;
    this.degraded = false;
    this.rtt = undefined;
    for (const waiting of [...this.#waiting.values()])
      waiting({ type: 'error', message: 'The connection is gone' });
    socket?.close();
  }

  /** Closes without a word, as a lost network does: the grace begins. */
  drop() {
    const live = this.phase === 'live';
    this.#detach();
    this.code = undefined;
    this.why = 'Connection dropped without a goodbye';
    this.#become('dropped');
    if (live) this.on.left('dropped');
  }

  /** Leaves at once. The server closes; whoever is not connected only stops trying. */
  bye() {
    if (this.phase !== 'live') {
      this.#detach();
      this.#end('Stopped');
      return;
    }
    this.#bye = true;
    this.send({ type: 'bye' });
    // Said, but nobody there to close: the same for the person.
    this.#timer = setTimeout(() => this.#lost({ code: 1006 }, 'No answer to the goodbye'), ACK_MS);
  }

  send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** Sends a frame that is answered. @returns the `ack` or `error` frame, or an error when none came. */
  request(frame) {
    if (this.phase !== 'live') return Promise.resolve({ type: 'error', message: 'Not connected' });
    this.#refs += 1;
    const ref = `r${this.#refs}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => done({ type: 'error', message: 'No answer yet' }), ACK_MS);
      const done = (answer) => {
        clearTimeout(timer);
        this.#waiting.delete(ref);
        resolve(answer);
      };
      this.#waiting.set(ref, done);
      this.send({ ...frame, ref });
    });
  }

  #become(phase) {
    this.phase = phase;
    this.on.change();
  }
}
