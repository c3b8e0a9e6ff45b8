-- A reset that whoever runs the server allowed and nobody has finished. hash is of the token.
CREATE TABLE account_reset (
  account BLOB PRIMARY KEY REFERENCES account (id),
  hash    BLOB NOT NULL UNIQUE,
  usable  INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
