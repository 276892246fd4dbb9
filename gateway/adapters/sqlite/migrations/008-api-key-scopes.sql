-- What a key is kept to, separated by spaces; NULL: everything that its role allows.

ALTER TABLE api_keys ADD COLUMN scopes TEXT CHECK (scopes IS NULL OR scopes <> '');
