/** The cursor decides what is newer: a row that holds `held` takes only what has a greater `ver`. */
export const newer = (held: number | undefined, ver: number): boolean => held === undefined || ver > held;
