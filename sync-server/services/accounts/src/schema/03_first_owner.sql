CREATE TABLE account_first (
            place TEXT NOT NULL PRIMARY KEY,
            account_id TEXT NOT NULL)