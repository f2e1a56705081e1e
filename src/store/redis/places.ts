import type { UserRef } from '../../domain/model.ts';
import type { PlaceMember } from '../../domain/place.ts';
import type { PlacePage, Places, PlaceTop } from '../port/places.ts';
import { StoreError } from '../port/store-error.ts';

/** Every place is empty. */
export class NoPlaces implements Places {
  async members(): Promise<readonly PlaceMember[]> {
    return [];
  }

  async top(): Promise<PlaceTop> {
    return { users: [], total: 0 };
  }

  async page(): Promise<PlacePage> {
    return { users: [], total: 0 };
  }

  async counts(_tenant: string, places: readonly string[]): Promise<readonly number[]> {
    return places.map(() => 0);
  }

  async of(): Promise<readonly string[]> {
    return [];
  }

  async enter(_ref: UserRef, session: string): Promise<readonly string[]> {
    throw new StoreError('not_found', `there is no session ${session}`);
  }

  async leave(): Promise<void> {}

  async ofSession(): Promise<readonly string[]> {
    return [];
  }

  async putOut(): Promise<void> {}
}
