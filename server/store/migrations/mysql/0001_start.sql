-- Identifiers are 16 bytes, hashes 32, times milliseconds since 1970. Names compare bytewise.

CREATE TABLE IF NOT EXISTS setting (
  name  VARBINARY(64) NOT NULL PRIMARY KEY,
  value VARBINARY(1024) NOT NULL
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS account (
  id          BINARY(16) NOT NULL PRIMARY KEY,
  name        VARBINARY(128) NOT NULL,
  auth        BINARY(32) NOT NULL,
  kdf_memory  BIGINT NOT NULL,
  kdf_time    BIGINT NOT NULL,
  kdf_threads BIGINT NOT NULL,
  kdf_salt    VARBINARY(64) NOT NULL,
  recovery    BINARY(32),
  header      LONGBLOB NOT NULL,
  epoch       BIGINT NOT NULL,
  state       LONGBLOB NOT NULL,
  revision    BIGINT NOT NULL,
  created     BIGINT NOT NULL,
  UNIQUE KEY account_name (name)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS chain_event (
  account  BINARY(16) NOT NULL,
  position BIGINT NOT NULL,
  event    BLOB NOT NULL,
  PRIMARY KEY (account, position),
  FOREIGN KEY (account) REFERENCES account (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS device (
  id      BINARY(16) NOT NULL PRIMARY KEY,
  account BINARY(16) NOT NULL,
  active  BIGINT NOT NULL,
  created BIGINT NOT NULL,
  seen    BIGINT NOT NULL,
  KEY device_account (account, active),
  FOREIGN KEY (account) REFERENCES account (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS session (
  token   BINARY(32) NOT NULL PRIMARY KEY,
  account BINARY(16) NOT NULL,
  device  BINARY(16),
  recovered BIGINT NOT NULL,
  created BIGINT NOT NULL,
  seen    BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  KEY session_account (account),
  KEY session_expires (expires),
  FOREIGN KEY (account) REFERENCES account (id),
  FOREIGN KEY (device) REFERENCES device (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS invite (
  hash    BINARY(32) NOT NULL PRIMARY KEY,
  uses    BIGINT NOT NULL,
  expires BIGINT NOT NULL
) ENGINE=InnoDB;

-- A claimed key package leaves its hash behind, so that a repeated publication cannot bring it back.
CREATE TABLE IF NOT EXISTS key_package (
  id      BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  device  BINARY(16) NOT NULL,
  hash    BINARY(32) NOT NULL,
  package BLOB,
  claimed BIGINT NOT NULL DEFAULT 0,
  UNIQUE KEY key_package_hash (device, hash),
  KEY key_package_free (device, claimed, id),
  FOREIGN KEY (device) REFERENCES device (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS last_resort (
  device  BINARY(16) NOT NULL PRIMARY KEY,
  package BLOB NOT NULL,
  FOREIGN KEY (device) REFERENCES device (id)
) ENGINE=InnoDB;

-- pair: both account ids of a direct conversation, the smaller first.
-- recent: seqs of the last handshakes, newest first, 8 bytes each, big-endian.
-- members: devices whose window has no end.
CREATE TABLE IF NOT EXISTS conversation (
  id             BINARY(16) NOT NULL PRIMARY KEY,
  kind           BIGINT NOT NULL,
  pair           BINARY(32),
  join_key       BINARY(32),
  last           BIGINT NOT NULL,
  last_handshake BIGINT NOT NULL,
  recent         VARBINARY(255) NOT NULL,
  members        BIGINT NOT NULL,
  created        BIGINT NOT NULL,
  UNIQUE KEY conversation_pair (pair)
) ENGINE=InnoDB;

-- A device gets the entries with from_seq < seq <= until_seq; until_seq 0 means no end.
CREATE TABLE IF NOT EXISTS member (
  conversation BINARY(16) NOT NULL,
  device       BINARY(16) NOT NULL,
  from_seq     BIGINT NOT NULL,
  until_seq    BIGINT NOT NULL,
  account      BINARY(16) NOT NULL,
  PRIMARY KEY (conversation, device, from_seq),
  KEY member_account (account, until_seq, conversation),
  FOREIGN KEY (conversation) REFERENCES conversation (id),
  FOREIGN KEY (device) REFERENCES device (id),
  FOREIGN KEY (account) REFERENCES account (id)
) ENGINE=InnoDB;

-- The log. token is the Fernet token's text.
CREATE TABLE IF NOT EXISTS entry (
  conversation BINARY(16) NOT NULL,
  seq          BIGINT NOT NULL,
  kind         BIGINT NOT NULL,
  account      BINARY(16) NOT NULL,
  device       BINARY(16) NOT NULL,
  message      BINARY(16) NOT NULL,
  received     BIGINT NOT NULL,
  frame        LONGBLOB NOT NULL,
  token        MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin,
  commitment   BINARY(32),
  PRIMARY KEY (conversation, seq),
  UNIQUE KEY entry_message (message, device),
  FOREIGN KEY (conversation) REFERENCES conversation (id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC;

CREATE TABLE IF NOT EXISTS group_info (
  conversation BINARY(16) NOT NULL PRIMARY KEY,
  seq          BIGINT NOT NULL,
  sealed       LONGBLOB NOT NULL,
  FOREIGN KEY (conversation) REFERENCES conversation (id)
) ENGINE=InnoDB;

-- A welcome is kept once and goes when the last inbox that refers to it was acknowledged.
CREATE TABLE IF NOT EXISTS welcome (
  conversation BINARY(16) NOT NULL,
  seq          BIGINT NOT NULL,
  account      BINARY(16) NOT NULL,
  welcome      LONGBLOB NOT NULL,
  PRIMARY KEY (conversation, seq),
  FOREIGN KEY (conversation) REFERENCES conversation (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS inbox (
  item         BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  device       BINARY(16) NOT NULL,
  conversation BINARY(16) NOT NULL,
  seq          BIGINT NOT NULL,
  KEY inbox_device (device, item),
  KEY inbox_welcome (conversation, seq),
  FOREIGN KEY (device) REFERENCES device (id),
  FOREIGN KEY (conversation, seq) REFERENCES welcome (conversation, seq)
) ENGINE=InnoDB;

-- Message keys of one account, sealed by its vault: those of 256 seqs in a page.
CREATE TABLE IF NOT EXISTS vault_page (
  account      BINARY(16) NOT NULL,
  conversation BINARY(16) NOT NULL,
  bucket       BIGINT NOT NULL,
  revision     BIGINT NOT NULL,
  page         MEDIUMBLOB NOT NULL,
  PRIMARY KEY (account, conversation, bucket),
  FOREIGN KEY (account) REFERENCES account (id)
) ENGINE=InnoDB;
