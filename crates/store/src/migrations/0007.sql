-- A job that is put away goes with all that was recorded of it.
CREATE INDEX job_records_job ON job_records (job);
