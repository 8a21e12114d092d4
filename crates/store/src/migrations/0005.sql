-- Serial of the certificate that is to follow. The old one stays good until
-- the agent comes with this one: it may die before it has kept it.
ALTER TABLE servers ADD COLUMN certificate_next TEXT;
