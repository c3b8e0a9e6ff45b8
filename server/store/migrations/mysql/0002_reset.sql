-- A reset that whoever runs the server allowed and nobody has finished. hash is of the token.
CREATE TABLE IF NOT EXISTS account_reset (
  account BINARY(16) NOT NULL PRIMARY KEY,
  hash    BINARY(32) NOT NULL,
  usable  BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  UNIQUE KEY account_reset_hash (hash),
  FOREIGN KEY (account) REFERENCES account (id)
) ENGINE=InnoDB;
