/** Changes of one member's data in one place that are shown a second, and at once before that counts. */
export const PLACE_RATE = 5;
export const PLACE_BURST = 10;
/** The same of one person in all places. */
export const PERSON_RATE = 20;
export const PERSON_BURST = 20;
