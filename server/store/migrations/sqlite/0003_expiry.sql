-- A message that is to disappear says when, and stays as an entry without frame, token and commitment.
ALTER TABLE entry ADD COLUMN expires INTEGER NOT NULL DEFAULT 0;

-- What is still to disappear, by time. The log itself needs no index for it.
CREATE TABLE expiry (
  expires      INTEGER NOT NULL,
  conversation BLOB NOT NULL,
  seq          INTEGER NOT NULL,
  PRIMARY KEY (expires, conversation, seq)
) STRICT, WITHOUT ROWID;
