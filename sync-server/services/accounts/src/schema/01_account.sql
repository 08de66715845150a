CREATE TABLE account (
            account_id TEXT NOT NULL PRIMARY KEY,
            email TEXT NOT NULL,
            display_name TEXT NOT NULL,
            password_hash TEXT NOT NULL,
            roles TEXT NOT NULL,
            created_at_us BIGINT NOT NULL)