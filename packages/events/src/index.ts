export { FollowError, type FollowErrorCode } from './errors.ts';
export type {
  FollowedEvent,
  Forgotten,
  ForgottenEvent,
  Note,
  Occupancy,
  OccupancyEvent,
  PlaceChange,
  PlaceData,
  PlaceEvent,
  PlaceMember,
  Presence,
  Reason,
  Status,
  Transition,
  TransitionEvent,
} from './event-types.ts';
export { type Cursor, events, type Open, type Reset } from './events.ts';
export { follow } from './follow.ts';
export { type MemorySink, memorySink } from './memory-sink.ts';
export type { EventsOptions, Filter, FollowOptions, FollowState, TokenRequest } from './options.ts';
export { type CursorStore, newer, type Sink } from './sink.ts';
