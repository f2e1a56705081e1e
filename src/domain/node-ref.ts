/** A node as it is named in a partition: `<id>.<epoch>`. The id is new with every process, the epoch with every fencing. */
export type NodeRef = `${string}.${number}`;

export const nodeRef = (id: string, epoch: number): NodeRef => `${id}.${epoch}`;

/** Never throws: an invalid text gives the epoch NaN, which compares as later than none. */
export const parseNodeRef = (ref: string): { readonly id: string; readonly epoch: number } => {
  const dot = ref.lastIndexOf('.');
  return { id: ref.slice(0, dot), epoch: Number(ref.slice(dot + 1)) };
};
