'use client';
import { forwardRef, type HTMLAttributes, type RefAttributes, useEffect, useState } from 'react';
import type { Connection } from '../types.ts';
import { useConnection } from './connection.ts';
import type { Labels } from './labels.ts';
import { useClient } from './provider.tsx';
import { useLabels } from './use-labels.ts';

export interface ConnectionNoticeProps extends Omit<HTMLAttributes<HTMLDivElement>, 'children'> {
  /** How long a connection may be lost before it is worth a word, ms. Default 10,000. */
  readonly afterMs?: number;
  readonly labels?: Partial<Labels>;
}

/** What is wrong, in one word: changes of the attempt do not matter here. */
type Trouble = 'lost' | 'degraded' | Extract<Connection, { state: 'stopped' }>['reason'] | undefined;

const troubleOf = (connection: Connection): Trouble => {
  if (connection.state === 'stopped') return connection.reason;
  if (connection.state === 'connected') return connection.degraded ? 'degraded' : undefined;
  return connection.state === 'idle' || connection.state === 'suspended' ? undefined : 'lost';
};

/** Says that the connection is lost, once that has lasted; at once when it will not come back by itself. */
export const ConnectionNotice: React.ForwardRefExoticComponent<
  ConnectionNoticeProps & RefAttributes<HTMLDivElement>
> = forwardRef<HTMLDivElement, ConnectionNoticeProps>(
  ({ afterMs = 10_000, labels, className, ...rest }, ref) => {
    const client = useClient();
    const words = useLabels(labels);
    const trouble = useConnection(troubleOf);
    const [lasting, setLasting] = useState<Trouble>();
    const passes = trouble === 'lost' || trouble === 'degraded';
    useEffect(() => {
      const timer = setTimeout(() => setLasting(trouble), passes ? afterMs : 0);
      return () => clearTimeout(timer);
    }, [trouble, passes, afterMs]);
    const said = trouble === lasting ? trouble : undefined;
    return (
      <div
        {...rest}
        ref={ref}
        className={className ? `rollcall-notice ${className}` : 'rollcall-notice'}
        data-rollcall="connection"
        data-trouble={said}
      >
        {/* In the tree before its text, so that screen readers notice it. */}
        <span role="status">{said && textOf(said, words)}</span>
        {said && !passes && (
          <button type="button" onClick={() => client.connect()}>
            {words.connectAgain}
          </button>
        )}
      </div>
    );
  },
);
ConnectionNotice.displayName = 'ConnectionNotice';

const textOf = (trouble: NonNullable<Trouble>, words: Labels): string => {
  if (trouble === 'lost') return words.reconnecting;
  return trouble === 'degraded' ? words.degraded : words.stopped[trouble];
};
