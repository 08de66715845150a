CREATE TABLE role_holder (
            account_id TEXT NOT NULL,
            role TEXT NOT NULL,
            PRIMARY KEY (account_id, role))