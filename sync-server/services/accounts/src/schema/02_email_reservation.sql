CREATE TABLE account_email (
            email_hash TEXT NOT NULL PRIMARY KEY,
            account_id TEXT NOT NULL,
            reserved_at_us BIGINT NOT NULL)