import { groupsOf, list, type Request, type Surroundings, same, views } from './asked.ts';
import { Lists } from './lists.ts';
import { Repeats } from './repeats.ts';
import { RightsHistory } from './rights.ts';
import type { Asked, Registered, Rights, ServerFrame, Shown } from './told.ts';
import { partitionOf, type State, USERS } from './truth.ts';

/** What one client must get, by the protocol alone: it is told what is true, and judges every frame. */
export class Oracle {
  readonly self: string;
  readonly #around: Surroundings;
  readonly #rights = new RightsHistory();
  #requests: Request[] = [];
  readonly #named = new Set<string>();
  readonly #groups = new Set<string>();
  #tenant = false;
  /** What an answer may have registered or not. */
  readonly #unsure = { users: new Set<string>(), groups: new Set<string>(), tenant: false };
  readonly #held = new Map<string, number>();
  readonly #repeats = new Repeats();
  readonly #lists: Lists;
  /** Held and let go of by the client itself: nobody says anything more of them. */
  readonly #loose = new Set<string>();
  welcomed = false;
  /** The client reads nothing. */
  stalled = false;

  constructor(self: string, rights: Rights, around: Surroundings) {
    this.self = self;
    this.#around = around;
    this.#lists = new Lists({
      states: (user) => this.#states(user),
      isHeld: (user) => this.#held.has(user),
      finding: (text) => this.#finding(text),
    });
    this.may(rights);
  }

  /** What the person may see changes. */
  may(rights: Rights): void {
    this.#rights.add(this.#around.truth.clock, rights);
  }

  get rights(): Rights {
    return this.#rights.last;
  }

  watches(ref: string, { users, groups, tenant }: Asked): void {
    const { truth, floors, failures } = this.#around;
    this.#requests.push({
      ref,
      moment: truth.clock,
      floors: [...floors],
      failures,
      users: new Set(users),
      groups: new Set(groups),
      tenant,
      unsure: { users: new Set(), groups: new Set(), tenant: false },
      shown: new Set(),
      lists: new Set(),
      begun: false,
    });
  }

  unwatches({ users, groups, tenant }: Asked): void {
    for (const each of [this.#unsure, ...this.#requests.map(({ unsure }) => unsure)]) {
      for (const user of users) each.users.delete(user);
      for (const group of groups) each.groups.delete(group);
      if (tenant) each.tenant = false;
    }
    for (const request of this.#requests) {
      for (const user of users) request.users.delete(user);
      for (const group of groups) request.groups.delete(group);
      if (tenant) request.tenant = false;
    }
    for (const user of users) this.#named.delete(user);
    for (const group of groups) this.#groups.delete(group);
    for (const group of groups) this.#lists.drop(group);
    for (const group of groups) this.#repeats.ended(group, this.#around.truth.clock);
    if (tenant) this.#tenant = false;
    for (const user of this.#held.keys()) if (!this.#named.has(user)) this.#loose.add(user);
  }

  receive(frame: ServerFrame): void {
    if (frame.type === 'welcome') this.welcomed = true;
    else if (frame.type === 'error') this.#refused(frame);
    else if (frame.type === 'gone') this.#gone(frame);
    else if (frame.type === 'members')
      this.#lists.members(frame.group ?? '', frame.joined ?? [], frame.left ?? []);
    else if (frame.type === 'presence' && frame.snapshot === true) this.#snapshot(frame);
    else if (frame.type === 'presence') for (const shown of views(frame)) this.#change(shown);
  }

  /** Everything has arrived and was read. */
  atRest(registered: Registered): void {
    for (const { ref } of this.#requests) this.#finding(`no answer to ${ref}`);
    this.#settle(registered);
    const { truth, lossy } = this.#around;
    const { users: seesUsers, everyone, groups: own } = this.rights;
    if (!same(registered.users, this.#named)) {
      this.#finding(`registered are ${list(registered.users)}, watched ${list(this.#named)}`);
    }
    if (!same(registered.groups, this.#groups)) {
      this.#finding(`registered are groups ${list(registered.groups)}, watched ${list(this.#groups)}`);
    }
    if (registered.tenant !== this.#tenant) this.#finding(`the tenant is registered: ${registered.tenant}`);
    for (const group of this.#groups) {
      if (!seesUsers || !own.includes(group))
        this.#finding(`still watches ${group}, which is no group of its own`);
    }
    if (this.#tenant && !everyone) this.#finding('still watches the tenant');
    for (const group of this.#groups) {
      const members = USERS.filter((user) => truth.now(user).groups?.includes(group));
      const drawn = this.#lists.of(group) ?? new Set();
      if (!same(new Set(members), drawn))
        this.#finding(`draws ${group} ${list(drawn)}, and it is ${list(members)}`);
    }
    for (const user of USERS) {
      const { ver, status, groups = [] } = truth.now(user);
      const isNamed = this.#named.has(user);
      if (isNamed && !this.#maySee(this.rights, user, groups))
        this.#finding(`still watches ${user}, who is out of sight`);
      const isMember = groups.some((group) => this.#groups.has(group));
      const isOfTenant = this.#tenant && status !== 'offline';
      const held = this.#held.get(user);
      if (isNamed || isMember || isOfTenant) {
        if ((held ?? 0) !== ver) this.#finding(`holds ${user}@${held}, the newest is @${ver}`);
      } else if (held !== undefined && held > 0 && !this.#loose.has(user)) {
        if (!this.#tenant) this.#finding(`still holds ${user}@${held}`);
        else if (held !== ver && !(lossy && (ver === 0 || truth.wasOffline(user, held))))
          this.#finding(`holds ${user}@${held}, the newest is @${ver}`);
      }
    }
  }

  #snapshot(frame: ServerFrame): void {
    const request = this.#requests.find(({ ref }) => ref === frame.ref);
    if (request === undefined) {
      this.#finding(`a snapshot for ${frame.ref}, which was answered before`);
      return;
    }
    request.begun = true;
    this.#list(request, frame);
    for (const shown of views(frame)) {
      const { user } = shown;
      if (frame.group === undefined) {
        if (request.shown.has(user)) this.#finding(`${user} twice in ${request.ref}`);
        request.shown.add(user);
      }
      if (!this.#mayGet(user)) this.#finding(`${user} in ${request.ref}, not watched or not seen`);
      this.#show(shown, false);
      const isToldAll =
        request.failures === this.#around.failures && !this.#around.lost.includes(partitionOf(user));
      if (isToldAll) this.#checkFresh(shown, request);
    }
    if (frame.more !== true) this.#answered(request);
  }

  /** The frames of a group are its list, whatever else the answer shows. */
  #list(request: Request, frame: ServerFrame): void {
    const { group } = frame;
    if (group === undefined) return;
    if (!request.groups.has(group) && !request.unsure.groups.has(group))
      this.#finding(`${group} in ${request.ref}, which does not ask for it`);
    const users = views(frame).map(({ user }) => user);
    const since = (user: string): readonly State[] => this.#states(user, request.floors[partitionOf(user)]);
    this.#lists.snapshot(request.ref, group, users, request.lists.has(group) ? since : undefined);
    request.lists.add(group);
  }

  #answered(request: Request): void {
    this.#requests = this.#requests.filter((other) => other !== request);
    const { shown, floors } = request;
    for (const user of request.users) if (!shown.has(user)) this.#finding(`${user} is not in ${request.ref}`);
    for (const user of USERS) {
      const states = this.#around.truth.since(user, floors[partitionOf(user)] ?? 0);
      for (const group of request.groups) {
        const always = states.every(({ view }) => view.groups?.includes(group));
        if (always && !this.#lists.has(group, user))
          this.#finding(`${user} is not in ${group} of ${request.ref}`);
      }
      const present = request.tenant && states.every(({ view }) => view.status !== 'offline');
      if (present && !shown.has(user))
        this.#finding(`${user} is not in ${request.ref}, as one of the tenant`);
    }
    for (const group of request.groups)
      if (!request.lists.has(group)) this.#finding(`${request.ref} has no list of ${group}`);
    for (const user of request.users) this.#named.add(user);
    for (const group of request.groups) this.#groups.add(group);
    if (request.tenant) this.#tenant = true;
    for (const user of request.unsure.users) this.#unsure.users.add(user);
    for (const group of request.unsure.groups) this.#unsure.groups.add(group);
    if (request.unsure.tenant) this.#unsure.tenant = true;
  }

  #change(shown: Shown): void {
    const { user } = shown;
    if (!this.#mayGet(user)) this.#finding(`a change of ${user}, not watched or not seen`);
    if (!this.#mayGetUnasked(user) && !this.#held.has(user))
      this.#finding(`a change of ${user} before the snapshot`);
    this.#show(shown, true);
  }

  /** By id, or for another reason. */
  #mayGet(user: string): boolean {
    const byId =
      this.#named.has(user) ||
      this.#unsure.users.has(user) ||
      this.#requests.some(
        (request) =>
          this.#mayHaveBegun(request) && (request.users.has(user) || request.unsure.users.has(user)),
      );
    return (byId && this.#mayEver(user)) || this.#mayGetUnasked(user);
  }

  /** As a member of a group, or as one of the tenant: these come without a snapshot of their own. */
  #mayGetUnasked(user: string): boolean {
    const asked = this.#asked;
    const isOfTenant = asked.some(({ tenant, unsure }) => tenant || unsure.tenant);
    return this.#memberEver(user, groupsOf(asked)) || (isOfTenant && this.#ever(({ everyone }) => everyone));
  }

  /** Groups and the tenant, watched or asked for. */
  get #asked(): Pick<Request, 'groups' | 'tenant' | 'unsure'>[] {
    return [...this.#requests, { groups: this.#groups, tenant: this.#tenant, unsure: this.#unsure }];
  }

  /** @param newer - a change brings what is newer, a snapshot perhaps the same. */
  #show(shown: Shown, newer: boolean): void {
    const { user, ver, status, note } = shown;
    const held = this.#loose.has(user) ? -1 : (this.#held.get(user) ?? -1);
    // A snapshot that was read after everything of them was forgotten may come ahead of `gone`: it is older than what is held.
    const isOver = this.#states(user).some(({ forgotten, at }) => forgotten && at > held);
    if (!newer && ver === 0 && held > 0 && isOver) return;
    const isRepeat = newer && ver === held && this.#mayRepeat(user, ver, status);
    if (newer ? ver <= held && !isRepeat : ver < held) this.#finding(`${user}@${ver} after @${held}`);
    const states = this.#states(user);
    const isTrue = ({ view }: State): boolean =>
      view.ver === ver && view.status === status && view.note?.text === note?.text;
    if (!states.some(isTrue)) {
      this.#finding(`${user}@${ver} ${status}, which is over since long`);
    }
    this.#held.set(user, ver);
    this.#loose.delete(user);
  }

  #mayRepeat(user: string, ver: number, status: string): boolean {
    const asked = this.#asked;
    if (status !== 'offline' || !asked.some(({ tenant, unsure }) => tenant || unsure.tenant)) return false;
    return this.#repeats.allows(user, ver, this.#around.truth.since(user, 0), groupsOf(asked));
  }

  #checkFresh({ user, ver, name, lastSeen, devices = [] }: Shown, { moment }: Request): void {
    const isTrue = this.#around.truth.since(user, moment).some(({ view }) => {
      const seen = view.lastSeen === undefined ? undefined : new Date(view.lastSeen).toISOString();
      return (
        view.ver === ver && view.name === name && seen === lastSeen && `${view.devices}` === `${devices}`
      );
    });
    // They were forgotten, and `gone` is under way.
    const isOver = this.#states(user).some(({ forgotten }) => forgotten);
    if (!isTrue && !isOver)
      this.#finding(`${user}@${ver} with name, devices or last seen from before the watch`);
  }

  #gone({ users = [], groups = [], tenant }: ServerFrame): void {
    for (const group of groups) {
      if (this.#always((rights) => rights.users && rights.groups.includes(group))) {
        this.#finding(`${group} is taken away for nothing`);
      }
      this.#groups.delete(group);
      this.#lists.drop(group);
      this.#repeats.ended(group, this.#around.truth.clock);
      this.#unsure.groups.delete(group);
      for (const request of this.#requests) {
        if (this.#mayHaveBegun(request) && request.groups.delete(group)) request.unsure.groups.add(group);
      }
    }
    if (tenant === true) {
      if (this.#always(({ everyone }) => everyone)) this.#finding('the tenant is taken away for nothing');
      this.#tenant = false;
      this.#unsure.tenant = false;
      for (const request of this.#requests) {
        if (!request.tenant || !this.#mayHaveBegun(request)) continue;
        request.unsure.tenant = true;
        request.tenant = false;
      }
      for (const user of this.#held.keys()) if (!this.#named.has(user)) this.#loose.add(user);
    }
    for (const user of users) this.#goneUser(user as string);
  }

  #goneUser(user: string): void {
    // Who was only asked for may be lost for another reason, and comes with the answer all the same.
    const isAsked = this.#requests.some(({ users, begun }) => users.has(user) && begun);
    const isNamed = this.#named.has(user) || isAsked;
    if (!this.#states(user).some(({ forgotten }) => forgotten)) {
      if (isNamed && this.#mayAlways(user)) this.#finding(`${user} is taken away for nothing`);
      const isMember = [...this.#groups].some(
        (group) =>
          this.#states(user).every(({ view }) => view.groups?.includes(group)) &&
          this.#always((rights) => rights.users && rights.groups.includes(group)),
      );
      if (isMember) this.#finding(`${user} is taken away, who is a member`);
      if (this.#tenant && this.#always(({ everyone }) => everyone))
        this.#finding(`${user} of the tenant is taken away`);
    }
    for (const group of this.#groups) {
      const isListed = this.#requests.some(
        ({ groups, unsure }) => groups.has(group) || unsure.groups.has(group),
      );
      if (this.#lists.has(group, user) && !isListed)
        this.#finding(`${user} is gone before they left ${group}`);
    }
    this.#held.delete(user);
    this.#loose.delete(user);
    this.#named.delete(user);
    this.#unsure.users.delete(user);
    for (const request of this.#requests) {
      if (this.#mayHaveBegun(request) && request.users.delete(user)) request.unsure.users.add(user);
    }
  }

  /** Nothing of an answer that waits to be read came yet: what is taken away may be taken out of it. */
  #mayHaveBegun({ begun }: Request): boolean {
    return begun || this.stalled;
  }

  #refused({ ref, code }: ServerFrame): void {
    const request = this.#requests.find((one) => one.ref === ref);
    if (request === undefined) return;
    this.#requests = this.#requests.filter((other) => other !== request);
    if (request.begun) this.#finding(`${request.ref} is refused after its snapshot began`);
    if (code === 'unavailable') {
      if (request.failures === this.#around.failures)
        this.#finding(`${request.ref} is unavailable, though nothing failed`);
      return;
    }
    const always = (is: (rights: Rights) => boolean): boolean => this.#always(is, request.moment);
    const isMine = [...request.groups].every((group) =>
      always((rights) => rights.users && rights.groups.includes(group)),
    );
    const isSeen = [...request.users].every((user) =>
      this.#mayAlways(user, request.floors[partitionOf(user)], request.moment),
    );
    const isAllowed = isMine && isSeen && (!request.tenant || always(({ everyone }) => everyone));
    const isUnsure = request.unsure.users.size + request.unsure.groups.size > 0 || request.unsure.tenant;
    if (code !== 'forbidden' || (isAllowed && !isUnsure))
      this.#finding(`${request.ref} is refused with ${code} for nothing`);
  }

  /** What the protocol leaves open is as the node has it. */
  #settle({ users, groups, tenant }: Registered): void {
    for (const user of this.#unsure.users) if (users.has(user)) this.#named.add(user);
    for (const group of this.#unsure.groups) if (groups.has(group)) this.#groups.add(group);
    if (this.#unsure.tenant && tenant) this.#tenant = true;
  }

  #maySee({ users, everyone, groups: own }: Rights, user: string, groups: readonly string[]): boolean {
    if (everyone) return true;
    return (
      users && (!this.#around.sharedOnly || user === this.self || groups.some((group) => own.includes(group)))
    );
  }

  #states(user: string, from = this.#around.floors[partitionOf(user)] ?? 0): readonly State[] {
    return this.#around.truth.since(user, from);
  }

  #always(is: (rights: Rights) => boolean, from = this.#around.stepAt): boolean {
    return this.#rights.since(from).every(is);
  }

  #ever(is: (rights: Rights) => boolean): boolean {
    return this.#rights.since(this.#around.stepAt).some(is);
  }

  #mayEver(user: string): boolean {
    return this.#ever((rights) =>
      this.#states(user).some(({ view }) => this.#maySee(rights, user, view.groups ?? [])),
    );
  }

  #mayAlways(user: string, from?: number, moment?: number): boolean {
    return this.#always(
      (rights) => this.#states(user, from).every(({ view }) => this.#maySee(rights, user, view.groups ?? [])),
      moment,
    );
  }

  #memberEver(user: string, groups: readonly string[]): boolean {
    return this.#states(user).some(({ view }) => view.groups?.some((group) => groups.includes(group)));
  }

  #finding(text: string): void {
    this.#around.finding(`${this.self}: ${text}`);
  }
}
