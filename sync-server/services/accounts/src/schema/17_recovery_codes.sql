CREATE TABLE recovery_code (
            account_id TEXT NOT NULL,
            code_hash TEXT NOT NULL,
            PRIMARY KEY (account_id, code_hash))