import { type UserRef, userKey, type View } from '../../../../src/domain/model.ts';
import type { Hiding, Member, Membership, UserConnection } from '../../../../src/node/membership.ts';
import type { SelfView } from '../../../../src/store/port/views.ts';
import { NO_PLACES } from '../../../support/no-places.ts';
import type { Own, Person, Truth } from './truth.ts';

/** A word of the store on its way to the node. */
interface Word {
  readonly user: string;
  deliver(): void;
}

/** Who is connected here. What it tells the store and hears from it comes when it is told to, in any order. */
export class LateMembership implements Membership {
  readonly places = NO_PLACES;
  readonly #truth: Truth;
  readonly #members = new Map<string, Member[]>();
  readonly #observers = new Map<string, UserConnection[]>();
  readonly #heard: (user: string, own: Own) => void;
  /** Words of tokens that were not stored yet. */
  readonly untold: { readonly user: string; readonly own: Own }[] = [];
  readonly words: Word[] = [];

  /** @param heard - everybody here of a user is told of their own groups. */
  constructor(truth: Truth, heard: (user: string, own: Own) => void) {
    this.#truth = truth;
    this.#heard = heard;
  }

  join(member: Member): Promise<SelfView | undefined> {
    const { user } = member.ref;
    this.#of(user).push(member);
    this.#learn(member);
    const { view, person } = this.#self(user);
    return new Promise((resolve) => {
      const deliver = (): void => {
        this.tell(user, person.own, view);
        resolve({ view, invisible: person.hidden });
      };
      this.words.push({ user, deliver });
    });
  }

  leave(member: Member): void {
    const members = this.#of(member.ref.user);
    members.splice(members.indexOf(member), 1);
  }

  observe(observer: UserConnection): Promise<Own | undefined> {
    const { user } = observer.ref;
    this.#watching(user).push(observer);
    this.#learn(observer);
    const { view, person } = this.#self(user);
    return new Promise((resolve) => {
      const deliver = (): void => {
        this.tell(user, person.own, view);
        resolve(person.own);
      };
      this.words.push({ user, deliver });
    });
  }

  unobserve(observer: UserConnection): void {
    const observers = this.#watching(observer.ref.user);
    observers.splice(observers.indexOf(observer), 1);
  }

  renewed(connection: UserConnection): void {
    this.#learn(connection);
  }

  /** The store takes the oldest word of a token. */
  flush(): void {
    const word = this.untold.shift();
    if (word !== undefined) this.#truth.word(word.user, word.own);
  }

  /** The store answers something that has to do with a user: what it knows now is on its way. */
  answer(user: string): void {
    const { view, person } = this.#self(user);
    if (this.#of(user).length + this.#watching(user).length === 0) return;
    this.words.push({ user, deliver: () => this.tell(user, person.own, view) });
  }

  /** Everybody here of a user is told what the store knew at some moment. */
  tell(user: string, own: Own | undefined, _view: View): void {
    if (own === undefined) return;
    this.#heard(user, own);
    for (const each of [...this.#of(user), ...this.#watching(user)]) each.regrouped(own);
  }

  evict(user: string): void {
    for (const member of [...this.#of(user)]) member.evict('forget');
  }

  touched(): void {}
  claim(): Promise<void> {
    return Promise.resolve();
  }
  note(): Promise<void> {
    return Promise.resolve();
  }
  selfOf(): undefined {
    return undefined;
  }
  membersOf({ user }: UserRef): readonly Member[] {
    return this.#of(user);
  }
  hiding(): Hiding {
    return 'unknown';
  }
  get users(): number {
    return new Set([...this.#members.values()].flat().map(({ ref }) => userKey(ref))).size;
  }

  #learn({ ref, principal }: UserConnection): void {
    const { groups, iat = 0 } = principal;
    if (groups !== undefined) this.untold.push({ user: ref.user, own: { groups, stamp: iat } });
  }

  #self(user: string): { view: View; person: Person } {
    return { view: this.#truth.now(user), person: { ...this.#truth.person(user) } };
  }

  #watching(user: string): UserConnection[] {
    const observers = this.#observers.get(user) ?? [];
    this.#observers.set(user, observers);
    return observers;
  }

  #of(user: string): Member[] {
    const members = this.#members.get(user) ?? [];
    this.#members.set(user, members);
    return members;
  }
}
