-- Whether the server's agent takes orders; the others are only watched.
ALTER TABLE servers ADD COLUMN is_managed INTEGER NOT NULL DEFAULT 0;
