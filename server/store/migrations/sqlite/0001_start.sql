-- Identifiers are 16 bytes, hashes 32, times milliseconds since 1970.

CREATE TABLE setting (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
  id          BLOB PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  auth        BLOB NOT NULL,
  kdf_memory  INTEGER NOT NULL,
  kdf_time    INTEGER NOT NULL,
  kdf_threads INTEGER NOT NULL,
  kdf_salt    BLOB NOT NULL,
  recovery    BLOB,
  header      BLOB NOT NULL,
  epoch       INTEGER NOT NULL,
  state       BLOB NOT NULL,
  revision    INTEGER NOT NULL,
  created     INTEGER NOT NULL
) STRICT;

CREATE TABLE chain_event (
  account  BLOB NOT NULL REFERENCES account (id),
  position INTEGER NOT NULL,
  event    BLOB NOT NULL,
  PRIMARY KEY (account, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
  id      BLOB PRIMARY KEY,
  account BLOB NOT NULL REFERENCES account (id),
  active  INTEGER NOT NULL,
  created INTEGER NOT NULL,
  seen    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX device_account ON device (account, active);

CREATE TABLE session (
  token   BLOB PRIMARY KEY,
  account BLOB NOT NULL REFERENCES account (id),
  device  BLOB REFERENCES device (id),
  recovered INTEGER NOT NULL,
  created INTEGER NOT NULL,
  seen    INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX session_account ON session (account);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE invite (
  hash    BLOB PRIMARY KEY,
  uses    INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A claimed key package leaves its hash behind, so that a repeated publication cannot bring it back.
CREATE TABLE key_package (
  id      INTEGER PRIMARY KEY,
  device  BLOB NOT NULL REFERENCES device (id),
  hash    BLOB NOT NULL,
  package BLOB,
  claimed INTEGER NOT NULL DEFAULT 0,
  UNIQUE (device, hash)
) STRICT;

CREATE INDEX key_package_free ON key_package (device, claimed, id);

CREATE TABLE last_resort (
  device  BLOB PRIMARY KEY REFERENCES device (id),
  package BLOB NOT NULL
) STRICT;

-- pair: both account ids of a direct conversation, the smaller first.
-- recent: seqs of the last handshakes, newest first, 8 bytes each, big-endian.
-- members: devices whose window has no end.
CREATE TABLE conversation (
  id             BLOB PRIMARY KEY,
  kind           INTEGER NOT NULL,
  pair           BLOB UNIQUE,
  join_key       BLOB,
  last           INTEGER NOT NULL,
  last_handshake INTEGER NOT NULL,
  recent         BLOB NOT NULL,
  members        INTEGER NOT NULL,
  created        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A device gets the entries with from_seq < seq <= until_seq; until_seq 0 means no end.
CREATE TABLE member (
  conversation BLOB NOT NULL REFERENCES conversation (id),
  device       BLOB NOT NULL REFERENCES device (id),
  from_seq     INTEGER NOT NULL,
  until_seq    INTEGER NOT NULL,
  account      BLOB NOT NULL REFERENCES account (id),
  PRIMARY KEY (conversation, device, from_seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX member_account ON member (account, until_seq, conversation);

-- The log. Rows lie in the order of arrival, so that a batch is written in one stretch.
-- token is the Fernet token's text.
CREATE TABLE entry (
  id           INTEGER PRIMARY KEY,
  conversation BLOB NOT NULL REFERENCES conversation (id),
  seq          INTEGER NOT NULL,
  kind         INTEGER NOT NULL,
  account      BLOB NOT NULL,
  device       BLOB NOT NULL,
  message      BLOB NOT NULL,
  received     INTEGER NOT NULL,
  frame        BLOB NOT NULL,
  token        TEXT,
  commitment   BLOB
) STRICT;

CREATE UNIQUE INDEX entry_log ON entry (conversation, seq);
-- Message ids begin with the time, so this index grows at its end.
CREATE UNIQUE INDEX entry_message ON entry (message, device);

CREATE TABLE group_info (
  conversation BLOB PRIMARY KEY REFERENCES conversation (id),
  seq          INTEGER NOT NULL,
  sealed       BLOB NOT NULL
) STRICT;

-- A welcome is kept once and goes when the last inbox that refers to it was acknowledged.
CREATE TABLE welcome (
  conversation BLOB NOT NULL REFERENCES conversation (id),
  seq          INTEGER NOT NULL,
  account      BLOB NOT NULL,
  welcome      BLOB NOT NULL,
  PRIMARY KEY (conversation, seq)
) STRICT;

CREATE TABLE inbox (
  item         INTEGER PRIMARY KEY AUTOINCREMENT,
  device       BLOB NOT NULL REFERENCES device (id),
  conversation BLOB NOT NULL,
  seq          INTEGER NOT NULL,
  FOREIGN KEY (conversation, seq) REFERENCES welcome (conversation, seq)
) STRICT;

CREATE INDEX inbox_device ON inbox (device, item);
CREATE INDEX inbox_welcome ON inbox (conversation, seq);

-- Message keys of one account, sealed by its vault: those of 256 seqs in a page.
CREATE TABLE vault_page (
  account      BLOB NOT NULL REFERENCES account (id),
  conversation BLOB NOT NULL,
  bucket       INTEGER NOT NULL,
  revision     INTEGER NOT NULL,
  page         BLOB NOT NULL,
  PRIMARY KEY (account, conversation, bucket)
) STRICT, WITHOUT ROWID;
