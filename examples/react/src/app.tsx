import {
  ConnectionNotice,
  OnlineUsersList,
  PlaceMembers,
  StatusPicker,
  TypingIndicator,
  UserStatusIndicator,
  usePlace,
  useTyping,
} from '@rollcall/client/react';
import { useState } from 'react';

const PLACE = 'doc:plan';

export const App = ({ user }: { user: string }) => {
  usePlace(PLACE);
  return (
    <>
      <header>
        <div>
          <h1>Launch plan</h1>
          <p>
            Signed in as <bdi>{user}</bdi> <UserStatusIndicator userId={user} showText />
          </p>
        </div>
        <PlaceMembers place={PLACE} />
      </header>
      <ConnectionNotice />
      <main>
        <section aria-labelledby="people">
          <h2 id="people">People</h2>
          <OnlineUsersList tenant max={20} aria-labelledby="people" />
        </section>
        <section aria-label="Status">
          <StatusPicker />
        </section>
        <Draft />
        <section aria-labelledby="sizes">
          <h2 id="sizes">Marks</h2>
          <p className="marks">
            <UserStatusIndicator userId={user} size="sm" />
            <UserStatusIndicator userId={user} />
            <UserStatusIndicator userId={user} size="lg" />
            <UserStatusIndicator userId="Grace Hopper" showText />
          </p>
        </section>
      </main>
    </>
  );
};

const Draft = () => {
  const typing = useTyping({ place: PLACE });
  const [text, setText] = useState('');
  return (
    <section aria-labelledby="draft">
      <h2 id="draft">Comment</h2>
      <textarea
        aria-labelledby="draft"
        dir="auto"
        rows={3}
        value={text}
        onBlur={typing.stop}
        onChange={({ target }) => {
          setText(target.value);
          typing.input();
        }}
      />
      <TypingIndicator place={PLACE} />
    </section>
  );
};
