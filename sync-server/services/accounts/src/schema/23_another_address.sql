CREATE TABLE email_change (
            account_id TEXT NOT NULL PRIMARY KEY,
            email_field TEXT NOT NULL,
            email_hash TEXT NOT NULL,
            is_old_confirmed BIGINT NOT NULL,
            is_new_confirmed BIGINT NOT NULL,
            until_us BIGINT NOT NULL)