CREATE TABLE totp (
            account_id TEXT NOT NULL PRIMARY KEY,
            field TEXT NOT NULL,
            is_on BIGINT NOT NULL,
            last_step BIGINT NOT NULL,
            changed_at_us BIGINT NOT NULL)