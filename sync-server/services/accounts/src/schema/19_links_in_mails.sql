CREATE TABLE link (
            account_id TEXT NOT NULL,
            token_hash TEXT NOT NULL,
            purpose TEXT NOT NULL,
            until_us BIGINT NOT NULL,
            PRIMARY KEY (account_id, token_hash))