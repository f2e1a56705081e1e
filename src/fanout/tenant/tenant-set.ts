import type { SharedRead } from './shared-read.ts';
import type { TenantStream } from './tenant-stream.ts';

/**
 * The complete set of a watched tenant: everyone not offline, kept by the feed once it was read. It lasts as long as
 * a connection needs it; the object is the generation of what is read for it.
 */
export class TenantSet {
  readonly stream: TenantStream;
  /** Connections that watch the tenant, and answers that wait to. */
  interest = 0;
  complete = false;
  readonly reading: SharedRead;
  /** Pages being read: what goes offline meanwhile is remembered, or a page read earlier would bring it back. */
  readings = 0;

  constructor(stream: TenantStream, reading: (set: TenantSet) => SharedRead) {
    this.stream = stream;
    this.reading = reading(this);
  }

  /** Users who went offline may be forgotten once every watcher was sent it. */
  get settled(): boolean {
    return this.complete && this.readings === 0;
  }
}
