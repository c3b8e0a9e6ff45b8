-- A message that is to disappear says when, and stays as an entry without frame, token and commitment.
ALTER TABLE entry ADD COLUMN expires BIGINT NOT NULL DEFAULT 0;

-- What is still to disappear, by time. The log itself needs no index for it.
CREATE TABLE IF NOT EXISTS expiry (
  expires      BIGINT NOT NULL,
  conversation BINARY(16) NOT NULL,
  seq          BIGINT NOT NULL,
  PRIMARY KEY (expires, conversation, seq)
) ENGINE=InnoDB;
